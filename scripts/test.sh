#!/bin/sh
# test.sh [PYTEST ARGUMENT…]: runs the tests in parallel. With ENGINEROOM_TESTS_NO_SKIP=1 a skipped test is a failed one.
set -eu
cd "$(dirname "$0")/.."

if [ "${ENGINEROOM_TESTS_NO_SKIP:-}" = 1 ]; then
    set -- -p tests.no_skip "$@"
fi
exec .venv/bin/python -m pytest -n auto --dist worksteal "$@" </dev/null
