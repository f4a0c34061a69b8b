"""A crowd of processes from its beginning to its end: how long each step takes, and what watching it costs."""

import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contenders.base import Contender, ContenderError
from benchmarks.processes import Departure, Memory, cpu_seconds, memory
from benchmarks.records import Record

GROWN_UP_SECONDS = 10.5
"""A process that dies again before it has lived so long would be restarted with a delay."""

_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the crowd is, for how long it is left alone, and how many of it are killed then."""

    processes: int
    idle_seconds: float
    kills: int


@dataclass(frozen=True, slots=True)
class Course:
    """What was found. `memory` and `cpu_percent` (of one core) are by name of what supervises."""

    up_seconds: float
    memory: Mapping[str, Memory]
    cpu_percent: Mapping[str, float]
    restart_milliseconds: Sequence[float]
    gone_seconds: float


def run(contender: Contender, plan: Plan) -> Course:
    """Have a crowd started, left alone, disturbed and ended."""
    contender.prepare(plan.processes)
    begun = contender.request()
    records = contender.records.wait_for(plan.processes, seen=0, timeout_seconds=300.0)
    up = max(record.nanoseconds for record in records)
    time.sleep(GROWN_UP_SECONDS)
    supervisors = contender.supervisors()
    taken_idle = cpu_percent(supervisors, plan.idle_seconds)
    _check(contender, plan.processes)
    taken = {name: memory(pids) for name, pids in supervisors.items()}
    milliseconds = kill_in_turn(contender, records, plan.kills)
    departure = Departure(record.pid for record in contender.living())
    withdrawn = contender.withdraw()
    gone = departure.wait()
    return Course((up - begun) / 1e9, taken, taken_idle, milliseconds, (gone - withdrawn) / 1e9)


def kill_in_turn(contender: Contender, records: Iterable[Record], kills: int) -> list[float]:
    """Kill one process after the other, and return how many milliseconds it took until each had a successor.

    Nobody is killed twice within `GROWN_UP_SECONDS`.
    """
    victims = deque(records)
    milliseconds = []
    for _ in range(kills):
        victim = victims.popleft()
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
    time.sleep(max(0.0, GROWN_UP_SECONDS - lived_seconds))


def cpu_percent(supervisors: Mapping[str, Sequence[int]], seconds: float) -> dict[str, float]:
    """Return how much of a core each of these takes in so many seconds from now, in percent, by name."""
    before = {name: cpu_seconds(pids) for name, pids in supervisors.items()}
    begun = time.monotonic()
    time.sleep(seconds)
    after = {name: cpu_seconds(pids) for name, pids in supervisors.items()}
    passed = time.monotonic() - begun
    return {name: 100 * (after[name] - before[name]) / passed for name in supervisors}


def _check(contender: Contender, processes: int) -> None:
    living, starts = len(contender.living()), contender.records.count()
    if living != processes or starts != processes:
        raise ContenderError(f"{living} of {processes} processes run, after {starts} starts")
