#!/bin/sh
# soak.sh [PYTEST ARGUMENT…]: makes random faults for ENGINEROOM_FAULT_SECONDS, an hour unless that is set.
# ENGINEROOM_FAULT_SEED repeats a run.
set -eu
cd "$(dirname "$0")/.."

: "${ENGINEROOM_FAULT_SECONDS:=3600}" "${ENGINEROOM_FAULT_SEED:=$(date +%s)}"
export ENGINEROOM_FAULT_SECONDS ENGINEROOM_FAULT_SEED
echo "Random faults for $ENGINEROOM_FAULT_SECONDS s; to repeat them: ENGINEROOM_FAULT_SEED=$ENGINEROOM_FAULT_SEED make soak"
# A worker for each of them: one that waits behind another would begin an hour later.
exec scripts/test.sh -n 3 tests/faults/test_no_line_is_lost.py tests/faults/test_random_faults.py "$@"
