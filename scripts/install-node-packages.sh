#!/bin/sh
# Installs what the BullMQ example needs, in the exact versions of its package-lock.json, where npm is there. Where it is not,
# the tests of that example are skipped by name.
set -eu
cd "$(dirname "$0")/../examples/bullmq"

installed=node_modules/.installed
[ ! "$installed" -nt package-lock.json ] || exit 0

if ! command -v npm >/dev/null 2>&1; then
    echo "npm is missing, so the tests of the BullMQ example are skipped."
    exit 0
fi
echo "Installing BullMQ for the tests into examples/bullmq/node_modules"
# What is optional is compiled code for speed alone, and no package needs to run a script of its own.
if npm ci --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >/dev/null; then
    touch "$installed"
else
    echo "BullMQ could not be installed, so the tests of its example are skipped. To try again: $0" >&2
fi
