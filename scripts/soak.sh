#!/bin/sh
# soak.sh [PYTEST ARGUMENT…]: makes random faults for ENGINEROOM_FAULT_SECONDS, an hour unless that is set.
# ENGINEROOM_FAULT_SEED repeats a run.
set -eu
cd "$(dirname "$0")/.."

: "${ENGINEROOM_FAULT_SECONDS:=3600}" "${ENGINEROOM_FAULT_SEED:=$(date +%s)}"
export ENGINEROOM_FAULT_SECONDS ENGINEROOM_FAULT_SEED
echo "Random faults for $ENGINEROOM_FAULT_SECONDS s; to repeat them: ENGINEROOM_FAULT_SEED=$ENGINEROOM_FAULT_SEED make soak"
exec scripts/test.sh tests/faults -n 3 "$@"
