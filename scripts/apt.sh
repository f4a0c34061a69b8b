# Sourced by the other scripts: whether packages may be installed through apt here, and doing it.
# shellcheck shell=sh

# Runs its arguments as root. Only to be called when apt_may.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_may() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

# apt_install PACKAGE…: its output is shown only when it fails.
apt_install() {
    log=$(mktemp)
    if as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
    return 1
}

apt_update() {
    as_root apt-get update -qq >/dev/null 2>&1 </dev/null
}

# apt_line PACKAGE…: the line that a person types to install them.
apt_line() {
    if [ "$(id -u)" -eq 0 ]; then
        echo "apt-get update && apt-get install -y $*"
    else
        echo "sudo apt-get update && sudo apt-get install -y $*"
    fi
}
