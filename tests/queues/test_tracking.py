from hypothesis import given
from hypothesis import strategies as st

from engineroom.queues.base import Snapshot
from engineroom.queues.tracking import Tracker

WINDOW = 8


def snapshot(jobs: list[str]) -> Snapshot:
    return Snapshot(waiting=len(jobs), window=jobs[:WINDOW])


@given(rounds=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=20))
def test_never_more_is_told_than_was_taken_and_all_of_it_where_it_says_so(
    rounds: list[tuple[int, int]],
) -> None:
    tracker, jobs, number = Tracker(), [f"first-{index}" for index in range(10)], 0
    tracker.take(snapshot(jobs), 0.0)
    for moment, (taken, arriving) in enumerate(rounds, start=1):
        gone = min(taken, len(jobs))
        jobs = jobs[gone:] + [f"job-{number + index}" for index in range(arriving)]
        number += arriving
        flow = tracker.take(snapshot(jobs), float(moment)).flow
        assert flow is not None
        assert flow.taken <= gone
        if flow.taken_all and jobs and gone:
            assert (flow.taken, flow.arrived) == (gone, arriving)


def test_counters_that_began_anew_tell_nothing() -> None:
    tracker = Tracker()
    tracker.take(Snapshot(waiting=0, arrived=100, finished=90), 0.0)

    assert tracker.take(Snapshot(waiting=0, arrived=1, finished=0), 1.0).flow is None
