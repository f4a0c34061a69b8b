"""From the kill of a process to the first instruction of the one that takes its place."""

import os
import signal
import time
from collections import deque

from benchmarks.contenders.base import Contender
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.percentiles import percentile
from benchmarks.records import Record
from benchmarks.result import Aim, Measure, Result
from benchmarks.stage import CONTENDERS, Stage

NAME = "restart"

_NEIGHBOURS = 100
_KILLS = 303
# It looks for the dead once a second.
_KILLS_OF_SLOW = {Supervisor.name: 101}
_PAUSE_SECONDS = 0.1
_SETTLING_SECONDS = 5.0
_GROWN_UP_SECONDS = 10.5
"""A process that dies again before it has lived so long would be restarted with a delay."""


def run(stage: Stage) -> Result:
    """Measure every contender, one after the other."""
    measured = stage.measure(_measure)
    times = {name: found[0] for name, found in measured.found.items()}

    def measure(name: str, percent: float, aim: Aim | None = None) -> Measure:
        figures = {who: percentile(found, percent) for who, found in times.items()}
        return Measure(name=name, unit="ms", figures=figures, aim=aim)

    return Result(
        name=NAME,
        title=f"kill -9 to the first instruction of the new process, with {_NEIGHBOURS} neighbours",
        contenders=[kind.name for kind in CONTENDERS],
        measures=[
            measure("restarted, p50", 50, Aim(limit=3)),
            measure("restarted, p99", 99, Aim(limit=10)),
            measure("restarted, slowest", 100),
            Measure(name="kills", unit="", figures={who: len(found) for who, found in times.items()}),
        ],
        notes=[
            "Each process is killed in turn, and again only when it has lived long enough not to be delayed.",
            *measured.notes,
        ],
    )


def _measure(contender: Contender) -> list[float]:
    contender.prepare(_NEIGHBOURS + 1)
    contender.request()
    victims = deque(contender.records.wait_for(_NEIGHBOURS + 1, seen=0))
    time.sleep(_SETTLING_SECONDS)
    milliseconds = []
    for number in range(_KILLS_OF_SLOW.get(contender.name, _KILLS)):
        victim = victims.popleft()
        if number > _NEIGHBOURS:
            _let_grow_up(victim)
        begun, heir = _kill(contender, victim)
        milliseconds.append((heir.nanoseconds - begun) / 1e6)
        victims.append(heir)
        time.sleep(_PAUSE_SECONDS)
    return milliseconds


def _kill(contender: Contender, victim: Record) -> tuple[int, Record]:
    seen = contender.records.count()
    begun = time.monotonic_ns()
    os.kill(victim.pid, signal.SIGKILL)
    heirs = contender.records.wait_for(1, seen=seen)
    return begun, heirs[0]


def _let_grow_up(process: Record) -> None:
    lived_seconds = (time.monotonic_ns() - process.nanoseconds) / 1e9
    time.sleep(max(0.0, _GROWN_UP_SECONDS - lived_seconds))
