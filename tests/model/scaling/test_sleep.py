"""Whether workers without work may go, all of them."""

import pytest

from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.model.scaling.sleep import Sleeper, after_seconds

EMPTY = Measurement(waiting=0, delayed=3)


def test_after_the_given_time_without_work_nothing_must_run_until_a_job_waits() -> None:
    sleeper = Sleeper()
    assert [sleeper.floor(second, EMPTY, 1, 10) for second in (0, 9.9, 10)] == [1, 1, 0]
    assert sleeper.floor(11, Measurement(waiting=1), 0, 10) == 1


@pytest.mark.parametrize("work", [Measurement(waiting=0, due=1), Measurement(waiting=0, expired=1)])
def test_what_a_worker_would_take_wakes_though_nothing_is_in_the_list(work: Measurement) -> None:
    assert Sleeper().floor(0, work, 0, 10) == 1


def test_a_job_in_hand_is_work() -> None:
    sleeper = Sleeper()
    assert [sleeper.floor(second, Measurement(waiting=0, reserved=1), 1, 10) for second in (0, 100)] == [1, 1]


def test_what_cannot_be_seen_wakes_nobody_puts_nobody_to_sleep_and_is_no_time_without_work() -> None:
    sleeper = Sleeper()
    sleeper.floor(0, EMPTY, 1, 10)
    assert sleeper.floor(100, Unknown("away"), 1, 10) == 1
    assert sleeper.floor(100, Unknown("away"), 0, 10) == 0
    assert [sleeper.floor(second, EMPTY, 1, 10) for second in (101, 110, 111)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("asked", "minutes", "with_app", "takes_jobs", "seconds"),
    [
        (None, None, True, True, None),
        (None, 5, True, True, 300),
        (None, 5, False, True, None),
        (None, 5, True, False, None),
        (20, 5, True, True, 20),
        (20, None, False, True, 20),
    ],
)
def test_what_takes_jobs_sleeps_with_its_environment_unless_it_says_otherwise(
    asked: int | None, minutes: int | None, with_app: bool, takes_jobs: bool, seconds: int | None
) -> None:
    found = after_seconds(
        ScalingSettings(sleep_after_seconds=asked),
        hibernation_timeout_minutes=minutes,
        with_app=with_app,
        takes_jobs=takes_jobs,
    )
    assert found == seconds
