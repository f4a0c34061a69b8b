#!/bin/sh
# Runs every check, also after one has failed, so that one run shows all there is to mend.
cd "$(dirname "$0")/.." || exit 1

failed=""
check() {
    name=$1
    shift
    if "$@"; then echo "check $name: ok"; else failed="$failed $name"; fi
}

check format .venv/bin/ruff format --quiet --check .
check lint .venv/bin/ruff check --quiet .
check types .venv/bin/mypy --no-error-summary
check project .venv/bin/python -m pytest --quiet --no-header tests/project

if [ -n "$failed" ]; then
    echo "make check failed:$failed" >&2
    exit 1
fi
