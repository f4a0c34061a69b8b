"""The same with more and more processes: what grows faster than they do?"""

from collections.abc import Callable, Mapping

from benchmarks import crowd
from benchmarks.contenders.c_loop import CLoop
from benchmarks.contenders.engineroom import Engineroom
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.crowd import Course, Plan
from benchmarks.percentiles import percentile
from benchmarks.result import Aim, Measure, Result
from benchmarks.stage import Measured, Stage
from benchmarks.thousand import cpu_percent, resident_megabytes

NAME = "growth"

SIZES = (100, 500, 1000, 2000, 4000)
_CONTENDERS = (Engineroom, CLoop, Supervisor)
_MAX_OF_SLOW = {Supervisor.name: 1000}
"""More takes minutes."""
_IDLE_SECONDS = 20.0
_KILLS = 50
_KILLS_OF_SLOW = {Supervisor.name: 10}
_REFERENCE = 1000

Figures = Mapping[int, Mapping[str, float]]
"""By the number of processes, and by contender."""


def run(stage: Stage) -> Result:
    """Measure each size afresh."""
    measured = {size: _measure(stage, size) for size in SIZES}

    def rows(name: str, unit: str, part: Callable[[Course], float]) -> list[Measure]:
        figures = {
            size: {who: part(found[0]) for who, found in of_size.found.items()}
            for size, of_size in measured.items()
        }
        return measures(name, unit, figures)

    return Result(
        name=NAME,
        title=f"From {SIZES[0]} to {SIZES[-1]:,} processes",
        contenders=[kind.name for kind in _CONTENDERS],
        measures=[
            *rows("all run", "s", lambda course: course.up_seconds),
            *rows("memory, RSS", "MB", resident_megabytes),
            *rows("CPU, idle", "%", cpu_percent),
            *rows("running again, p50", "ms", lambda course: percentile(course.restart_milliseconds, 50)),
            *rows("all gone", "s", lambda course: course.gone_seconds),
        ],
        notes=[
            f"Linear: no more for each process than with {_REFERENCE:,}; no aim is set below that.",
            *(
                f"{who} has no more than {most:,} processes: more takes minutes."
                for who, most in _MAX_OF_SLOW.items()
            ),
            *dict.fromkeys(note for of_size in measured.values() for note in of_size.notes),
        ],
    )


def measures(name: str, unit: str, figures: Figures) -> list[Measure]:
    """Return a row for each size; above the reference the aim is to have grown no more than the processes did."""
    return [
        Measure(name=f"{name}, {size:,}", unit=unit, figures=found, aim=_linear(figures, size))
        for size, found in figures.items()
    ]


def _linear(figures: Figures, size: int) -> Aim | None:
    reference = figures[_REFERENCE].get(Engineroom.name)
    if size <= _REFERENCE or reference is None:
        return None
    return Aim(limit=reference * size / _REFERENCE, reason="linear")


def _measure(stage: Stage, size: int) -> Measured[Course]:
    return stage.measure(
        lambda contender: crowd.run(contender, _plan(contender.name, size)),
        contenders=[kind for kind in _CONTENDERS if size <= _MAX_OF_SLOW.get(kind.name, size)],
    )


def _plan(contender: str, size: int) -> Plan:
    return Plan(size, _IDLE_SECONDS, _KILLS_OF_SLOW.get(contender, _KILLS))
