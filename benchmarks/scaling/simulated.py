"""The same loads under every controller: how many jobs were late, and what that took."""

from collections.abc import Callable, Mapping

from benchmarks.result import ENGINEROOM, Aim, Measure, Result
from benchmarks.scaling.controllers import MOST, Controller, Fixed, Horizon, Keda, Ours
from benchmarks.scaling.loads import LOADS, Load
from benchmarks.scaling.simulation import Outcome, Simulation
from benchmarks.stage import Stage

NAME = "scaling"

SEEDS = (11, 12, 13)
"""Others than those with which the constants of the arithmetic were chosen (1 and 2)."""
_MIN_SAVED = 0.25

_HORIZON = "Horizon"
CONTROLLERS: Mapping[str, Callable[[Load], Controller]] = {
    ENGINEROOM: lambda load: Ours(load.target_seconds),
    _HORIZON: lambda load: Horizon(),  # noqa: ARG005
    "KEDA": lambda load: Keda(),  # noqa: ARG005
    f"fixed at {MOST}": lambda load: Fixed(),  # noqa: ARG005
}

_Outcomes = Mapping[str, Mapping[str, Outcome]]


def run(stage: Stage) -> Result:
    """Simulate every load under every controller, with every seed."""
    del stage  # nothing runs but arithmetic
    outcomes = {
        who: {name: simulated(load, make) for name, load in LOADS.items()}
        for who, make in CONTROLLERS.items()
    }
    totals = {who: _sum(list(of.values())) for who, of in outcomes.items()}
    horizon = totals[_HORIZON]
    return Result(
        name=NAME,
        title=f"Simulated queues, 1 to {MOST} processes, {len(SEEDS)} seeds of each load",
        contenders=list(CONTROLLERS),
        measures=[
            Measure(
                name="late jobs, all loads",
                unit="%",
                figures={who: total.late_percentage for who, total in totals.items()},
                aim=Aim(limit=horizon.late_percentage, reason="Horizon's"),
            ),
            Measure(
                name="process time, all loads",
                unit="h",
                figures={who: total.process_seconds / 3600 for who, total in totals.items()},
                aim=Aim(
                    limit=horizon.process_seconds / 3600 * (1 - _MIN_SAVED), reason="25 % below Horizon's"
                ),
            ),
            Measure(
                name="changes, all loads",
                unit="",
                figures={who: float(total.changes) for who, total in totals.items()},
                aim=Aim(limit=float(horizon.changes), reason="Horizon's"),
            ),
            *_by_load(outcomes),
        ],
        notes=[
            "A job is late when it is begun more than 30 s (long jobs: 60 s) after a worker could have taken it.",
            "Horizon: one pool, balance auto, a shift of 1 every 3 s. KEDA: 5 jobs for each process, behind an HPA.",
            f"Seeds {SEEDS}; a process takes 0.5 s to start and asks every second when it found nothing.",
        ],
    )


def simulated(load: Load, make: Callable[[Load], Controller]) -> Outcome:
    """Return what all seeds of a load came to under new controllers."""
    return _sum([Simulation(load, make(load), seed).run() for seed in SEEDS])


def _sum(outcomes: list[Outcome]) -> Outcome:
    return Outcome(
        jobs=sum(one.jobs for one in outcomes),
        late=sum(one.late for one in outcomes),
        process_seconds=sum(one.process_seconds for one in outcomes),
        changes=sum(one.changes for one in outcomes),
    )


def _by_load(outcomes: _Outcomes) -> list[Measure]:
    parts: list[tuple[str, str, Callable[[Outcome], float]]] = [
        ("late", "%", lambda one: one.late_percentage),
        ("process time", "h", lambda one: one.process_seconds / 3600),
        ("changes", "", lambda one: float(one.changes)),
    ]
    return [
        Measure(
            name=f"{name}: {part}",
            unit=unit,
            figures={who: figure(of[name]) for who, of in outcomes.items()},
        )
        for name in LOADS
        for part, unit, figure in parts
    ]
