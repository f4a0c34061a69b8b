"""What the planner makes of new ones whose lives are short because they do what they are to do."""

import pytest

from engineroom.model.processes.process import ProcessState
from engineroom.model.processes.workload import Workload
from engineroom.runtime.local.planner import Occupant, Plan, plan
from tests.runtime.test_planner import BACKING_OFF, BOTH, OLD, RUNNING, SLOT, STARTING, occupant


@BOTH
@pytest.mark.parametrize("state", [STARTING, RUNNING, BACKING_OFF])
def test_a_new_one_that_has_finished_what_it_had_to_do_takes_over_however_short_its_lives_are(
    wanted: Workload, state: ProcessState
) -> None:
    new = Occupant("new", SLOT, wanted.fingerprint, state, 0.1, finished=True)
    assert plan(wanted, [occupant("old", RUNNING, OLD), new]) == Plan(stops=("old",))
