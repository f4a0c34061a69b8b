"""Five hundred processes: how long until they run, what watching them costs, how long until they are gone."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from benchmarks.contenders.base import Contender, ContenderError
from benchmarks.contenders.c_loop import CLoop
from benchmarks.processes import Departure, Memory, memory
from benchmarks.result import Aim, Measure, Result
from benchmarks.stage import CONTENDERS, Stage

NAME = "start"

_PROCESSES = 500
_ROUNDS = 5
_SETTLING_SECONDS = 3.0
_MAX_TIMES_THE_C_LOOP = 2.5


@dataclass(frozen=True, slots=True)
class _Found:
    up_seconds: float
    gone_seconds: float
    memory: Mapping[str, Memory]
    """Of each process that supervises, by its name."""


def run(stage: Stage) -> Result:
    """Measure every contender afresh in each round; the figures are the medians of the rounds."""
    measured = stage.measure(_measure, rounds=_ROUNDS)

    def measure(
        name: str,
        unit: str,
        part: Callable[[_Found], float],
        *,
        of_rounds: Callable[[Iterable[float]], float] = statistics.median,
        aim: Aim | None = None,
    ) -> Measure:
        figures = {who: of_rounds(map(part, found)) for who, found in measured.found.items()}
        return Measure(name=name, unit=unit, figures=figures, aim=aim)

    aim = _aim(measured.found)
    return Result(
        name=NAME,
        title=f"{_PROCESSES} processes",
        contenders=[kind.name for kind in CONTENDERS],
        measures=[
            measure("all processes run", "s", _up, aim=aim),
            measure("all processes run, fastest round", "s", _up, of_rounds=min),
            measure("all processes run, slowest round", "s", _up, of_rounds=max),
            measure("all processes gone", "s", lambda found: found.gone_seconds),
            measure("memory of what supervises, RSS", "MB", _resident),
            measure("memory of what supervises, PSS", "MB", _shared_fairly),
            Measure(
                name="rounds", unit="", figures={who: len(found) for who, found in measured.found.items()}
            ),
        ],
        notes=[
            "Medians of the rounds, unless it says otherwise; each round starts everything afresh.",
            *_shares(measured.found),
            *(f"{kind.name} is asked by {kind.asked_by}." for kind in CONTENDERS),
            *measured.notes,
        ],
    )


def _measure(contender: Contender) -> _Found:
    contender.prepare(_PROCESSES)
    begun = contender.request()
    records = contender.records.wait_for(_PROCESSES, seen=0)
    up = max(record.nanoseconds for record in records)
    time.sleep(_SETTLING_SECONDS)
    living = len(contender.living())
    if living != _PROCESSES or contender.records.count() != _PROCESSES:
        raise ContenderError(
            f"{living} of {_PROCESSES} processes run, after {contender.records.count()} starts"
        )
    taken = {name: memory(pids) for name, pids in contender.supervisors().items()}
    departure = Departure(record.pid for record in records)
    withdrawn = contender.withdraw()
    gone = departure.wait()
    return _Found((up - begun) / 1e9, (gone - withdrawn) / 1e9, taken)


def _aim(found: Mapping[str, list[_Found]]) -> Aim | None:
    if CLoop.name not in found:
        return None
    floor = statistics.median(map(_up, found[CLoop.name]))
    return Aim(limit=_MAX_TIMES_THE_C_LOOP * floor, reason=f"{_MAX_TIMES_THE_C_LOOP} x {CLoop.name}")


def _up(found: _Found) -> float:
    return found.up_seconds


def _resident(found: _Found) -> float:
    return sum(taken.resident for taken in found.memory.values())


def _shared_fairly(found: _Found) -> float:
    return sum(taken.shared_fairly for taken in found.memory.values())


def _shares(found: Mapping[str, list[_Found]]) -> list[str]:
    """Return what each part takes, for contenders of several parts."""
    notes = []
    for who, rounds in found.items():
        parts = rounds[-1].memory
        if len(parts) > 1:
            each = (
                f"{name} {taken.resident:.1f} MB RSS, {taken.shared_fairly:.1f} MB PSS"
                for name, taken in parts.items()
            )
            notes.append(f"Memory of {who} in the last round: {'; '.join(each)}.")
    return notes
