from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.instances.schedule import Minutes, Schedule, next_minutes, replicas_of

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, NOON + timedelta(seconds=30), Minutes(NOON, 0)),
        (NOON, NOON + timedelta(seconds=59), None),
        (NOON, NOON + timedelta(seconds=60), Minutes(NOON + timedelta(minutes=1), 0)),
        (NOON, NOON + timedelta(minutes=5, seconds=1), Minutes(NOON + timedelta(minutes=5), 4)),
        (NOON, NOON - timedelta(hours=3), None),
        (NOON, NOON - timedelta(hours=4), Minutes(NOON - timedelta(hours=4), 0)),
    ],
)
def test_a_minute_is_worked_for_once_and_what_went_by_is_counted(
    last: datetime | None, now: datetime, due: Minutes | None
) -> None:
    assert next_minutes(last, now) == due


@given(steps=st.lists(st.integers(-3600, 3600), max_size=50))
def test_set_back_by_three_hours_at_most_no_minute_is_worked_for_twice(steps: list[int]) -> None:
    last, now, worked = None, NOON, []
    for step in steps:
        now = max(now + timedelta(seconds=step), (last or NOON) - timedelta(hours=3))
        due = next_minutes(last, now)
        if due is not None:
            last = due.due
            worked.append(last)

    assert worked == sorted(set(worked))


def test_a_schedule_runs_on_one_replica_or_on_each() -> None:
    assert list(replicas_of(Schedule(), 3)) == [1]
    assert list(replicas_of(Schedule(every_replica=True), 3)) == [1, 2, 3]
    assert list(replicas_of(Schedule(), 0)) == []
