"""What to start and what to stop, from what should be and what is. Pure: the same values give the same plan."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.process import ProcessState
from engineroom.model.processes.workload import Workload

SETTLED_SECONDS = 1.0
"""A new process that has run for so long takes over from the one that it replaces."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A place for one process: replicas count from 1, indexes from 0."""

    replica: int
    index: int


@dataclass(frozen=True, slots=True)
class Occupant:
    """A process in a slot. `age_seconds` is how long its present life has lasted; 0 when nothing runs.

    `finished` says that its last life ended as it should, however short it was.
    """

    id: str
    slot: Slot
    fingerprint: str
    state: ProcessState
    age_seconds: float
    finished: bool = False

    @property
    def settled(self) -> bool:
        """Whether it has run long enough to rely on it, or has shown that it can do what it is to do."""
        return self.finished or (self.state is ProcessState.RUNNING and self.age_seconds >= SETTLED_SECONDS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, and after how many seconds time alone changes it (None: never).

    `stops` have a successor, or are to have one; of `surplus` there are fewer wanted.
    """

    starts: tuple[Slot, ...] = ()
    stops: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    look_again_seconds: float | None = None

    @property
    def ending(self) -> tuple[str, ...]:
        """All that is to be stopped."""
        return self.stops + self.surplus

    def __add__(self, other: "Plan") -> "Plan":
        waits = [wait for wait in (self.look_again_seconds, other.look_again_seconds) if wait is not None]
        return Plan(
            starts=self.starts + other.starts,
            stops=self.stops + other.stops,
            surplus=self.surplus + other.surplus,
            look_again_seconds=min(waits, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _SlotState:
    """A slot with what is in it, apart from what drains: of that only `empty` knows.

    `current` run what is wanted; the first has run longest, and is the one to rely on, should there be more than one.
    `outdated` run something else.
    """

    slot: Slot
    current: tuple[Occupant, ...]
    outdated: tuple[Occupant, ...]
    empty: bool

    @property
    def settled(self) -> bool:
        """Whether the new one can be relied on."""
        return bool(self.current) and self.current[0].settled

    @property
    def available(self) -> bool:
        """Whether the slot does its work, be it with the new one or with an old one."""
        return self.settled or any(one.state is ProcessState.RUNNING for one in self.outdated)

    @property
    def idle(self) -> tuple[Occupant, ...]:
        """The outdated ones that do no work just now: nothing is lost when they go before their successor is there."""
        return tuple(one for one in self.outdated if one.state is ProcessState.BACKING_OFF)

    @property
    def busy(self) -> tuple[Occupant, ...]:
        """The outdated ones that do their work, or are about to."""
        return tuple(one for one in self.outdated if one.state is not ProcessState.BACKING_OFF)

    @property
    def settles_in_seconds(self) -> float | None:
        """After how many seconds time alone settles the new one; None when something else must happen first."""
        if self.settled or not self.current or self.current[0].state is not ProcessState.RUNNING:
            return None
        return SETTLED_SECONDS - self.current[0].age_seconds


def plan(workload: Workload, occupants: Iterable[Occupant]) -> Plan:
    """Return how to get from these occupants to one process of the workload in each of its slots, and nothing else.

    Outdated processes are replaced a few at a time, and the next only when the new ones before them are settled. What is
    missing altogether is started at once.
    """
    by_slot: dict[Slot, list[Occupant]] = defaultdict(list)
    for occupant in occupants:
        by_slot[occupant.slot].append(occupant)
    places = [_place(slot, by_slot.pop(slot, []), workload.fingerprint) for slot in _slots(workload, by_slot)]
    roll = _start_first if workload.replacement is Replacement.START_FIRST else _drain_first
    leaving = [occupant for others in by_slot.values() for occupant in others]
    return roll(places, at_once(len(places))) + Plan(surplus=_ids(_staying(leaving)))


def at_once(slots: int) -> int:
    """Return how many of so many slots are replaced at the same time: a quarter, but at least one."""
    return max(1, slots // 4)


def _slots(workload: Workload, by_slot: Mapping[Slot, Sequence[Occupant]]) -> list[Slot]:
    """Return all slots, index by index, so that every replica gets its first process before any gets its second.

    A custom process may have made a port of its index, so its indexes are always the lowest. Those of workers are where
    workers are: when some must go, the idle ones do, whatever their index.
    """
    replicas = range(1, workload.replicas + 1)
    if workload.replacement is Replacement.DRAIN_FIRST:
        return [Slot(replica, index) for index in range(workload.processes) for replica in replicas]
    chosen = {replica: _indexes(workload, replica, by_slot) for replica in replicas}
    return [
        Slot(replica, chosen[replica][rank]) for rank in range(workload.processes) for replica in replicas
    ]


def _indexes(workload: Workload, replica: int, by_slot: Mapping[Slot, Sequence[Occupant]]) -> list[int]:
    """Return the indexes of a replica: those of busy workers, of running ones, of others, then the lowest that are free."""
    rank: dict[int, tuple[bool, bool, int]] = {}
    for slot, occupants in by_slot.items():
        staying = _staying(occupants)
        if slot.replica == replica and staying:
            busy = any(occupant.id in workload.busy for occupant in staying)
            running = any(occupant.state is ProcessState.RUNNING for occupant in staying)
            rank[slot.index] = (not busy, not running, slot.index)
    taken = sorted(rank, key=lambda index: rank[index])
    free = (index for index in count() if index not in rank)
    return sorted([*taken, *islice(free, workload.processes)][: workload.processes])


def _place(slot: Slot, occupants: list[Occupant], fingerprint: str) -> _SlotState:
    staying = _staying(occupants)
    current = [occupant for occupant in staying if occupant.fingerprint == fingerprint]
    current.sort(key=lambda occupant: (occupant.state is not ProcessState.RUNNING, -occupant.age_seconds))
    outdated = tuple(occupant for occupant in staying if occupant.fingerprint != fingerprint)
    return _SlotState(slot=slot, current=tuple(current), outdated=outdated, empty=not occupants)


def _start_first(places: list[_SlotState], limit: int) -> Plan:
    """Start new ones beside at most `limit` old ones at a time; an old one goes when its new one is settled."""
    free = limit - sum(bool(place.current and place.busy) and not place.settled for place in places)
    total = Plan()
    for place in places:
        starts = not place.current and (not place.busy or free > 0)
        if starts and place.busy:
            free -= 1
        total += Plan(
            starts=(place.slot,) if starts else (),
            stops=_ids(place.current[1:] + (place.outdated if place.settled else place.idle)),
            look_again_seconds=place.settles_in_seconds if place.busy else None,
        )
    return total


def _drain_first(places: list[_SlotState], limit: int) -> Plan:
    """Stop old ones as long as fewer than `limit` slots do no work; a new one starts when its slot is empty."""
    rolling = [place for place in places if place.busy and not place.settled]
    rolled = _rolled_now(rolling, limit - sum(not place.available for place in places))
    total = Plan()
    for place in places:
        goes = place.settled or place.slot in rolled
        total += Plan(
            starts=(place.slot,) if place.empty else (),
            stops=_ids(place.current[1:] + (place.outdated if goes else place.idle)),
            look_again_seconds=place.settles_in_seconds if len(rolled) < len(rolling) else None,
        )
    return total


def _rolled_now(rolling: list[_SlotState], free: int) -> frozenset[Slot]:
    """Return the slots whose old ones may be stopped, when `free` more slots may do no work.

    First come those whose old one cannot be relied on, for it may be gone a moment later anyway.
    """
    rolled: set[Slot] = set()
    for place in sorted(rolling, key=lambda place: any(one.settled for one in place.busy)):
        if free <= 0:
            break
        rolled.add(place.slot)
        free -= place.available
    return frozenset(rolled)


def _staying(occupants: Iterable[Occupant]) -> list[Occupant]:
    return [occupant for occupant in occupants if occupant.state is not ProcessState.DRAINING]


def _ids(occupants: Iterable[Occupant]) -> tuple[str, ...]:
    return tuple(occupant.id for occupant in occupants)
