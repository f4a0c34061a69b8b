"""What the fake runtime does next to have what a workload asks for: in steps that take no time.

It is written apart from the planner of the real one, and simpler, so that whoever tests with it does not test that planner.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.workload import Workload

Slot = tuple[int, int]
"""A replica, counted from 1, and an index, from 0."""


@dataclass(frozen=True, slots=True)
class StartStep:
    """Start a process there."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Drain:
    """Drain this process."""

    id: str


def next_steps(workload: Workload, processes: Sequence[Process]) -> Sequence[StartStep | Drain]:
    """Return what is to be done next; nothing when all is as it should be, or something must happen first."""
    slots = _slots(workload, processes)
    surplus = [Drain(process.id) for process in processes if _stays(process) and _slot(process) not in slots]
    inside = {slot: [process for process in processes if _slot(process) == slot] for slot in slots}
    return [*surplus, *_filled(workload, inside), *_replaced(workload, inside)]


def _filled(workload: Workload, inside: Mapping[Slot, Sequence[Process]]) -> Iterator[StartStep | Drain]:
    """Yield how empty slots get a process, and those with too many lose what they no longer need."""
    for slot, found in inside.items():
        new, old = _told_apart(workload, found)
        if not (new or old) and (not found or workload.replacement is Replacement.START_FIRST):
            yield StartStep(slot)
        yield from (Drain(process.id) for process in new[1:])
        # What does no work just now is no loss, nor is what has a successor.
        relieved = bool(new) and _runs(new[0])
        yield from (Drain(process.id) for process in old if relieved or not _works(process))


def _replaced(workload: Workload, inside: Mapping[Slot, Sequence[Process]]) -> Iterator[StartStep | Drain]:
    """Yield how old ones get a successor: those of a quarter of all slots at a time, at least of one."""
    free = max(1, len(inside) // 4)
    waiting: list[tuple[Slot, Process]] = []
    for slot, found in inside.items():
        new, old = _told_apart(workload, found)
        working = [process for process in old if _works(process)]
        if working and not new:
            waiting.append((slot, working[0]))
        elif working or not any(map(_runs, new)):
            free -= 1
    for slot, process in waiting[: max(0, free)]:
        yield StartStep(slot) if workload.replacement is Replacement.START_FIRST else Drain(process.id)


def _told_apart(workload: Workload, processes: Sequence[Process]) -> tuple[list[Process], list[Process]]:
    """Return those that run what is wanted, the running ones first, and those that run something else; none that drains."""
    staying = [process for process in processes if _stays(process)]
    new = [process for process in staying if process.fingerprint == workload.fingerprint]
    old = [process for process in staying if process.fingerprint != workload.fingerprint]
    return sorted(new, key=lambda process: not _runs(process)), old


def _slots(workload: Workload, processes: Sequence[Process]) -> Collection[Slot]:
    """Return all slots, index by index, so that every replica gets its first process before any gets its second."""
    replicas = range(1, workload.replicas + 1)
    indexes = {replica: _indexes(workload, replica, processes) for replica in replicas}
    return [(replica, indexes[replica][rank]) for rank in range(workload.processes) for replica in replicas]


def _indexes(workload: Workload, replica: int, processes: Sequence[Process]) -> Sequence[int]:
    """Return the indexes of a replica: the lowest, or of workers where busy ones are, then running ones, then others."""
    if workload.replacement is Replacement.DRAIN_FIRST:
        return range(workload.processes)
    there = sorted(
        (process for process in processes if process.replica == replica and _stays(process)),
        key=lambda process: (process.id not in workload.busy, not _runs(process), process.index),
    )
    taken = list(dict.fromkeys(process.index for process in there))
    free = (index for index in count() if index not in taken)
    return sorted([*taken, *islice(free, workload.processes)][: workload.processes])


def _slot(process: Process) -> Slot:
    return process.replica, process.index


def _stays(process: Process) -> bool:
    return process.state is not ProcessState.DRAINING


def _runs(process: Process) -> bool:
    return process.state is ProcessState.RUNNING


def _works(process: Process) -> bool:
    """Whether it does its work, or is about to."""
    return process.state is not ProcessState.BACKING_OFF
