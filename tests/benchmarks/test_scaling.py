"""The simulator does what it says, and the arithmetic of scaling keeps what it promises on it."""

import random
from collections.abc import Iterator

import pytest

from benchmarks.scaling.controllers import Fixed, Horizon, Ours, View
from benchmarks.scaling.loads import LOADS, Job, Load
from benchmarks.scaling.simulation import Outcome, Simulation
from engineroom.model.queue import Measurement


def simulated(load: Load, controller: Fixed | Horizon | Ours, seed: int = 21) -> Outcome:
    return Simulation(load, controller, seed).run()


class Never(Fixed):
    every_seconds = 1000.0

    def decide(self, view: View) -> int:
        return view.asked


def test_one_worker_takes_one_job_after_the_other() -> None:
    def jobs(chance: random.Random) -> Iterator[Job]:
        del chance
        yield from (Job(10.0, 20.0) for _ in range(4))

    outcome = simulated(Load(jobs=jobs, seconds=50.0, target_seconds=30), Never())

    assert (outcome.jobs, outcome.late) == (4, 2), "the third was begun after 40 s, the fourth after 60 s"
    assert outcome.process_seconds == pytest.approx(90.5, abs=1.5)


def test_a_failing_job_comes_back() -> None:
    def jobs(chance: random.Random) -> Iterator[Job]:
        del chance
        yield Job(1.0, 1.0, failures=3)

    assert simulated(Load(jobs=jobs, seconds=10.0), Never()).jobs == 4


def test_horizon_heads_for_the_maximum_however_little_waits() -> None:
    asked = 1
    for _ in range(20):
        asked = Horizon().decide(View(0.0, Measurement(waiting=1), asked, asked, 0))

    assert asked == 10


@pytest.mark.parametrize("name", ["steady", "step", "poison jobs", "blind for 5 min"])
def test_less_is_spent_than_by_horizons_formula_and_no_more_jobs_are_late(name: str) -> None:
    load = LOADS[name]
    horizon, ours = simulated(load, Horizon()), simulated(load, Ours(load.target_seconds))

    assert ours.late_percentage <= max(horizon.late_percentage, 0.1)
    assert ours.process_seconds < 0.85 * horizon.process_seconds
    assert ours.changes < horizon.changes / 4
