#!/bin/sh
# Installs the system packages that the tests use, where that may be done. What stays missing is named, with the line
# that installs it; the tests that need it are then skipped, each by name.
set -eu
cd "$(dirname "$0")/.."
. scripts/apt.sh

PACKAGES="beanstalkd curl gcc libc6-dev mariadb-server postgresql procps util-linux redis-server
    php-cli php-mysql php-redis php-sqlite3 php-pgsql php-mbstring php-xml php-curl php-laravel-framework"

# A Node of another origin is as good as Debian's.
node_is_there() {
    command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null
}
node_is_there || PACKAGES="$PACKAGES nodejs npm"

missing() {
    for package in $PACKAGES; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=none
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This system has no apt. Tests whose programs are not there are skipped. Debian's names of the packages:"
    # shellcheck disable=SC2086
    echo $PACKAGES
    exit 0
fi

wanted=$(missing)
[ -n "$wanted" ] || exit 0

if apt_may; then
    echo "Installing system packages for the tests: $wanted"
    apt_update || true
    # shellcheck disable=SC2086
    if ! apt_install $wanted; then
        # One that this release does not have must not keep the others away.
        for package in $wanted; do apt_install "$package" || true; done
    fi
fi

wanted=$(missing)
[ -n "$wanted" ] || exit 0
echo "Missing, so the tests that need them are skipped: $wanted"
# shellcheck disable=SC2086
echo "To install them: $(apt_line $wanted)"
