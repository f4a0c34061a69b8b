# Sourced by install.sh: which Python to use, and whether it can make a virtual environment.
# shellcheck shell=sh

# Prints a Python of at least 3.11, preferably one that can make a virtual environment; fails when there is none.
find_python() {
    found=""
    for candidate in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        if can_make_venv "$candidate"; then
            command -v "$candidate"
            return 0
        fi
        [ -n "$found" ] || found=$(command -v "$candidate")
    done
    [ -n "$found" ] && echo "$found"
}

# Debian keeps the part of the standard library that puts pip into a virtual environment in a package of its own.
can_make_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# The package that can_make_venv needs, such as python3.11-venv.
venv_package() {
    "$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
}
