#!/bin/sh
# Installs the peers that the benchmarks measure and that are Debian packages, where that may be done. What stays missing is
# named, with the line that installs it; the benchmarks then leave it out and say so.
set -eu
cd "$(dirname "$0")/.."
. scripts/apt.sh

missing() {
    command -v s6-svscan >/dev/null 2>&1 || printf 's6 '
    command -v runsvdir >/dev/null 2>&1 || printf 'runit '
    [ -x /lib/systemd/systemd-journal-remote ] || printf 'systemd-journal-remote '
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0
if apt_may; then
    echo "Installing system packages for the benchmarks: $wanted"
    apt_update || true
    for package in $wanted; do apt_install "$package" || true; done
fi

wanted=$(missing)
[ -n "$wanted" ] || exit 0
echo "Missing, so the benchmarks leave them out: $wanted"
# shellcheck disable=SC2086
echo "To install them: $(apt_line $wanted)"
