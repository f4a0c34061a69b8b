"""What to start and what to stop, from what should be and what is. Pure: the same values give the same plan."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from engineroom.model.process import ProcessState
from engineroom.model.workload import Replacement, Workload

SETTLED_SECONDS = 1.0
"""A new process that has run for so long takes over from the one that it replaces."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A place for one process: replicas count from 1, indexes from 0."""

    replica: int
    index: int


@dataclass(frozen=True, slots=True)
class Occupant:
    """A process in a slot. `age_seconds` is how long its present life has lasted; 0 when nothing runs."""

    id: str
    slot: Slot
    fingerprint: str
    state: ProcessState
    age_seconds: float

    @property
    def settled(self) -> bool:
        """Whether it has run long enough to rely on it."""
        return self.state is ProcessState.RUNNING and self.age_seconds >= SETTLED_SECONDS


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, and after how many seconds time alone changes it (None: never)."""

    starts: tuple[Slot, ...] = ()
    stops: tuple[str, ...] = ()
    look_again_seconds: float | None = None

    def __add__(self, other: "Plan") -> "Plan":
        waits = [wait for wait in (self.look_again_seconds, other.look_again_seconds) if wait is not None]
        return Plan(self.starts + other.starts, self.stops + other.stops, min(waits, default=None))


def plan(workload: Workload, occupants: Iterable[Occupant]) -> Plan:
    """Return how to get from these occupants to one process of the workload in each of its slots, and nothing else."""
    by_slot: dict[Slot, list[Occupant]] = defaultdict(list)
    for occupant in occupants:
        by_slot[occupant.slot].append(occupant)
    replace = _start_first if workload.replacement is Replacement.START_FIRST else _drain_first
    total = Plan()
    for slot in _slots(workload):
        total += replace(slot, workload.fingerprint, by_slot.pop(slot, []))
    leaving = [occupant for others in by_slot.values() for occupant in others]
    return total + Plan(stops=_not_draining(leaving))


def _slots(workload: Workload) -> list[Slot]:
    """Return all slots, index by index, so that every replica gets its first process before any gets its second."""
    indexes, replicas = range(workload.processes), range(1, workload.replicas + 1)
    return [Slot(replica, index) for index in indexes for replica in replicas]


def _start_first(slot: Slot, fingerprint: str, occupants: list[Occupant]) -> Plan:
    current, outdated = _split(occupants, fingerprint)
    if not current:
        return Plan(starts=(slot,), stops=_idle(outdated))
    keeper_of_slot, *extra = current
    if not outdated:
        return Plan(stops=_ids(extra))
    if keeper_of_slot.settled:
        return Plan(stops=_ids(extra) + _ids(outdated))
    wait = None
    if keeper_of_slot.state is ProcessState.RUNNING:
        wait = SETTLED_SECONDS - keeper_of_slot.age_seconds
    return Plan(stops=_ids(extra) + _idle(outdated), look_again_seconds=wait)


def _drain_first(slot: Slot, fingerprint: str, occupants: list[Occupant]) -> Plan:
    current, outdated = _split(occupants, fingerprint)
    if not occupants:
        return Plan(starts=(slot,))
    return Plan(stops=_ids(current[1:]) + _ids(outdated))


def _split(occupants: list[Occupant], fingerprint: str) -> tuple[list[Occupant], list[Occupant]]:
    """Return those that run what is wanted and those that run something else, without the draining ones.

    Of the first, what has run longest comes first: it is the one to rely on, should there be more than one.
    """
    staying = [occupant for occupant in occupants if occupant.state is not ProcessState.DRAINING]
    current = [occupant for occupant in staying if occupant.fingerprint == fingerprint]
    current.sort(key=lambda occupant: (occupant.state is not ProcessState.RUNNING, -occupant.age_seconds))
    return current, [occupant for occupant in staying if occupant.fingerprint != fingerprint]


def _idle(occupants: list[Occupant]) -> tuple[str, ...]:
    """Return those that do no work just now: nothing is lost when they go before their successor is there."""
    return tuple(occupant.id for occupant in occupants if occupant.state is ProcessState.BACKING_OFF)


def _not_draining(occupants: list[Occupant]) -> tuple[str, ...]:
    return tuple(occupant.id for occupant in occupants if occupant.state is not ProcessState.DRAINING)


def _ids(occupants: list[Occupant]) -> tuple[str, ...]:
    return tuple(occupant.id for occupant in occupants)
