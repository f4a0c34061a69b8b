#!/bin/sh
# install.sh [EXTRA…]: makes .venv when there is none that works, and installs engineroom with these extras into it,
# in the exact versions of constraints.txt.
set -eu
cd "$(dirname "$0")/.."
. scripts/apt.sh
. scripts/python.sh

cannot() {
    printf 'cannot install: %s\n' "$1" >&2
    printf 'To install it: %s\nThen run make again.\n' "$2" >&2
    exit 1
}

make_venv() {
    python=$(find_python) || cannot "Python 3.11 or newer was not found" "$(apt_line python3 python3-venv)"
    if ! can_make_venv "$python"; then
        package=$(venv_package "$python")
        apt_may || cannot "$python has no venv module" "$(apt_line "$package")"
        echo "Installing the system package $package"
        apt_update || true
        apt_install "$package" || cannot "$python has no venv module" "$(apt_line "$package")"
        can_make_venv "$python" || cannot "$python has no venv module, and $package did not bring it" \
            "make python3 on the PATH a complete Python 3.11 or newer"
    fi
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# A .venv that was copied or moved here still installs into the place that it was made in.
pip_works() {
    .venv/bin/python -m pip --version 2>/dev/null | grep -qF "$(pwd -P)/.venv/"
}

pip_works || make_venv

extras=$(echo "$*" | tr ' ' ',')
echo "Installing engineroom${extras:+ with $extras} into .venv"
# The two variables also hold the versions of what builds the package: the first for pip before 25.3, the second since.
PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
    .venv/bin/python -m pip install --quiet -c constraints.txt -e ".${extras:+[$extras]}" </dev/null
