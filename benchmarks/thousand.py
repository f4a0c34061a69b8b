"""A thousand processes: started, watched, killed one by one, and stopped."""

from collections.abc import Callable

from benchmarks import crowd
from benchmarks.contenders.circus import Circus
from benchmarks.contenders.engineroom import KEEPER, SERVER
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.crowd import Course, Plan
from benchmarks.percentiles import percentile
from benchmarks.result import ENGINEROOM, Aim, Measure, Result
from benchmarks.stage import CONTENDERS, Stage

NAME = "thousand"

_PROCESSES = 1000
_IDLE_SECONDS = 30.0
_KILLS = 200
# They look for the dead once a second.
_KILLS_OF_SLOW = {Supervisor.name: 40, Circus.name: 40}


def run(stage: Stage) -> Result:
    """Measure every contender, one after the other."""
    measured = stage.measure(lambda contender: crowd.run(contender, _plan(contender.name)))
    courses = {name: found[0] for name, found in measured.found.items()}

    def measure(name: str, unit: str, part: Callable[[Course], float], aim: float | None = None) -> Measure:
        figures = {who: part(course) for who, course in courses.items()}
        return Measure(name=name, unit=unit, figures=figures, aim=None if aim is None else Aim(limit=aim))

    def of_engineroom(
        name: str, unit: str, part: Callable[[Course], float], aim: float | None = None
    ) -> Measure:
        """Measure a part of engineroom alone: its keeper must stay, its server may be stopped."""
        figures = {ENGINEROOM: part(courses[ENGINEROOM])} if ENGINEROOM in courses else {}
        return Measure(name=name, unit=unit, figures=figures, aim=None if aim is None else Aim(limit=aim))

    return Result(
        name=NAME,
        title=f"{_PROCESSES:,} processes",
        contenders=[kind.name for kind in CONTENDERS],
        measures=[
            measure("all processes run", "s", lambda course: course.up_seconds, 1.2),
            measure("killed, running again, p50", "ms", lambda course: _restarted(course, 50), 3),
            measure("killed, running again, p99", "ms", lambda course: _restarted(course, 99), 10),
            measure("kills", "", lambda course: len(course.restart_milliseconds)),
            measure("all processes gone", "s", lambda course: course.gone_seconds, 1),
            measure("memory of what supervises, RSS", "MB", resident_megabytes),
            measure("memory of what supervises, PSS", "MB", _fair_megabytes),
            of_engineroom("… the keeper, RSS", "MB", lambda course: course.memory[KEEPER].resident, 20),
            of_engineroom("… the server, RSS", "MB", lambda course: course.memory[SERVER].resident),
            measure("CPU of what supervises, idle", "%", cpu_percent),
            of_engineroom("… the keeper", "%", lambda course: course.cpu_percent[KEEPER], 0.5),
            of_engineroom("… the server", "%", lambda course: course.cpu_percent[SERVER]),
        ],
        notes=[
            f"CPU is in percent of one core, over {_IDLE_SECONDS:g} s in which nothing was asked for.",
            "engineroom alone measures meanwhile what each process uses, every 5 s.",
            "Percentiles of fewer than 100 kills: the p99 is the slowest.",
            *(f"{kind.name} is asked by {kind.asked_by}." for kind in CONTENDERS),
            *measured.notes,
        ],
    )


def resident_megabytes(course: Course) -> float:
    """Return the RSS of all that supervises."""
    return sum(taken.resident for taken in course.memory.values())


def cpu_percent(course: Course) -> float:
    """Return the CPU time of all that supervises, in percent of a core."""
    return sum(course.cpu_percent.values())


def _plan(contender: str) -> Plan:
    return Plan(_PROCESSES, _IDLE_SECONDS, _KILLS_OF_SLOW.get(contender, _KILLS))


def _fair_megabytes(course: Course) -> float:
    return sum(taken.shared_fairly for taken in course.memory.values())


def _restarted(course: Course, percent: float) -> float:
    return percentile(course.restart_milliseconds, percent)
