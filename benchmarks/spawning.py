"""From a request to the first instruction of the last of five processes."""

import time
from dataclasses import dataclass

from benchmarks.contenders.base import Contender, now
from benchmarks.contenders.circus import Circus
from benchmarks.contenders.pm2 import Pm2
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.percentiles import percentile
from benchmarks.processes import Departure
from benchmarks.result import Aim, Measure, Result
from benchmarks.stage import CONTENDERS, Stage

NAME = "request"

_PROCESSES = 5
_WARM_UP = 3
_ROUNDS = 100
# A round of theirs takes a second, which their commands need to stop processes or to start at all.
_ROUNDS_OF_SLOW = {Supervisor.name: 30, Pm2.name: 20, Circus.name: 30}
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds since just before the request."""

    answered: float
    spawned: float


def run(stage: Stage) -> Result:
    """Measure every contender, one after the other."""
    measured = stage.measure(_measure)
    times = {name: found[0] for name, found in measured.found.items()}

    def measure(name: str, percent: float, part: str, aim: Aim | None = None) -> Measure:
        figures = {
            who: percentile([getattr(time, part) for time in all_times], percent)
            for who, all_times in times.items()
        }
        return Measure(name=name, unit="ms", figures=figures, aim=aim)

    return Result(
        name=NAME,
        title=f"Request to the first instruction of the last of {_PROCESSES} processes",
        contenders=[kind.name for kind in CONTENDERS],
        measures=[
            measure("all processes run, p50", 50, "spawned", Aim(limit=25)),
            measure("all processes run, p99", 99, "spawned"),
            measure("request answered, p50", 50, "answered"),
            measure("request answered, p99", 99, "answered"),
            Measure(name="rounds", unit="", figures={who: len(found) for who, found in times.items()}),
        ],
        notes=[*(f"{kind.name} is asked by {kind.asked_by}." for kind in CONTENDERS), *measured.notes],
    )


def _measure(contender: Contender) -> list[_Times]:
    contender.prepare(_PROCESSES)
    rounds = _WARM_UP + _ROUNDS_OF_SLOW.get(contender.name, _ROUNDS)
    return [_round(contender) for _ in range(rounds)][_WARM_UP:]


def _round(contender: Contender) -> _Times:
    seen = contender.records.count()
    begun = contender.request()
    answered = now()
    records = contender.records.wait_for(_PROCESSES, seen=seen)
    spawned = max(record.nanoseconds for record in records)
    departure = Departure(record.pid for record in records)
    contender.withdraw()
    departure.wait()
    time.sleep(_PAUSE_SECONDS)
    return _Times((answered - begun) / 1e6, (spawned - begun) / 1e6)
