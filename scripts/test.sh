#!/bin/sh
# test.sh [PYTEST ARGUMENT…]: runs the tests in parallel. With ENGINEROOM_TESTS_NO_SKIP=1 a skipped test is a failed one.
set -eu
cd "$(dirname "$0")/.."

if [ "${ENGINEROOM_TESTS_NO_SKIP:-}" = 1 ]; then
    set -- -p tests.no_skip "$@"
fi
# One at a time is handed out, in the order of tests/conftest.py.
exec .venv/bin/python -m pytest -n auto --dist load --maxschedchunk 1 "$@" </dev/null
