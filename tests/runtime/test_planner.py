"""What to start and what to stop: examples, and a world in which plans are carried out until nothing is left to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.process import ProcessState
from engineroom.model.processes.workload import Workload
from engineroom.runtime.local.planner import SETTLED_SECONDS, Occupant, Plan, Slot, at_once, plan

STARTING, RUNNING = ProcessState.STARTING, ProcessState.RUNNING
DRAINING, BACKING_OFF = ProcessState.DRAINING, ProcessState.BACKING_OFF
OLD = "old"


def workload(replacement: Replacement, processes: int = 1, replicas: int = 1) -> Workload:
    return Workload(
        background_process=BackgroundProcessId("process-1"),
        argv=("sleep", "600"),
        signal_group=False,
        working_directory="/",
        inherited_variables={},
        variables={},
        processes=processes,
        replicas=replicas,
        replacement=replacement,
        stop_timeout_seconds=5.0,
    )


START_FIRST, DRAIN_FIRST = workload(Replacement.START_FIRST), workload(Replacement.DRAIN_FIRST)
BOTH = pytest.mark.parametrize("wanted", [START_FIRST, DRAIN_FIRST], ids=["start_first", "drain_first"])
NEW = START_FIRST.fingerprint
SLOT = Slot(1, 0)


def occupant(id: str, state: ProcessState, fingerprint: str = NEW, age_seconds: float = 60.0) -> Occupant:
    return Occupant(id, SLOT, fingerprint, state, age_seconds)


@BOTH
def test_an_empty_slot_is_filled(wanted: Workload) -> None:
    assert plan(wanted, []) == Plan(starts=(SLOT,))


def test_every_replica_gets_its_first_before_any_gets_its_second() -> None:
    starts = plan(workload(Replacement.START_FIRST, processes=2, replicas=2), []).starts
    assert starts == (Slot(1, 0), Slot(2, 0), Slot(1, 1), Slot(2, 1))


@BOTH
@pytest.mark.parametrize("state", [STARTING, RUNNING, BACKING_OFF])
def test_a_slot_with_what_is_wanted_is_left_alone(wanted: Workload, state: ProcessState) -> None:
    assert plan(wanted, [occupant("a", state)]) == Plan()


@BOTH
def test_a_second_one_in_a_slot_is_stopped(wanted: Workload) -> None:
    assert plan(wanted, [occupant("a", RUNNING), occupant("b", RUNNING)]).stops == ("b",)


@BOTH
@pytest.mark.parametrize("state", [STARTING, RUNNING, BACKING_OFF])
def test_what_is_in_no_wanted_slot_is_stopped(wanted: Workload, state: ProcessState) -> None:
    outside = Occupant("b", Slot(2, 0), NEW, state, 60.0)
    assert plan(wanted, [occupant("a", RUNNING), outside]) == Plan(surplus=("b",))


@BOTH
def test_what_drains_is_not_stopped_again(wanted: Workload) -> None:
    outside = Occupant("b", Slot(2, 0), NEW, DRAINING, 60.0)
    assert plan(wanted, [occupant("a", RUNNING), outside]) == Plan()


def test_start_first_starts_beside_the_old_one() -> None:
    assert plan(START_FIRST, [occupant("a", RUNNING, OLD)]) == Plan(starts=(SLOT,))


def test_start_first_waits_until_the_new_one_is_settled() -> None:
    old = occupant("a", RUNNING, OLD)
    assert plan(START_FIRST, [old, occupant("b", STARTING, age_seconds=0.0)]) == Plan()
    young = plan(START_FIRST, [old, occupant("b", RUNNING, age_seconds=0.25)])
    assert young == Plan(look_again_seconds=SETTLED_SECONDS - 0.25)
    assert plan(START_FIRST, [old, occupant("b", RUNNING)]) == Plan(stops=("a",))


def test_start_first_keeps_the_old_one_while_the_new_one_cannot_start() -> None:
    assert plan(START_FIRST, [occupant("a", RUNNING, OLD), occupant("b", BACKING_OFF)]) == Plan()


def test_start_first_does_not_wait_for_an_old_one_that_does_no_work() -> None:
    assert plan(START_FIRST, [occupant("a", BACKING_OFF, OLD)]) == Plan(starts=(SLOT,), stops=("a",))


def test_start_first_does_not_wait_for_what_drains() -> None:
    assert plan(START_FIRST, [occupant("a", DRAINING, OLD)]) == Plan(starts=(SLOT,))


def test_drain_first_stops_the_old_one_and_starts_nothing_yet() -> None:
    assert plan(DRAIN_FIRST, [occupant("a", RUNNING, OLD)]) == Plan(stops=("a",))
    assert plan(DRAIN_FIRST, [occupant("a", DRAINING, OLD)]) == Plan()
    assert plan(DRAIN_FIRST, []) == Plan(starts=(SLOT,))


def test_drain_first_leaves_an_old_one_that_is_about_to_run_until_it_does() -> None:
    """It may run a moment later. Replaced now, an old one that dies would never come back while new ones die young."""
    assert plan(DRAIN_FIRST, [occupant("a", STARTING, OLD, age_seconds=0.0)]) == Plan()
    assert plan(DRAIN_FIRST, [occupant("a", BACKING_OFF, OLD)]) == Plan(stops=("a",))


def many(
    replacement: Replacement, old: dict[int, ProcessState], new: dict[int, tuple[ProcessState, float]]
) -> Plan:
    """Return the plan for eight slots, of which two may be replaced at the same time."""
    wanted = workload(replacement, processes=8)
    return plan(
        wanted,
        [
            *(Occupant(f"old{index}", Slot(1, index), OLD, state, 60.0) for index, state in old.items()),
            *(
                Occupant(f"new{index}", Slot(1, index), wanted.fingerprint, state, age)
                for index, (state, age) in new.items()
            ),
        ],
    )


ALL_OLD = dict.fromkeys(range(8), RUNNING)


def test_start_first_starts_a_quarter_beside_the_old_ones() -> None:
    assert many(Replacement.START_FIRST, ALL_OLD, {}) == Plan(starts=(Slot(1, 0), Slot(1, 1)))


def test_start_first_goes_on_as_new_ones_settle() -> None:
    new = {0: (RUNNING, 60.0), 1: (RUNNING, 0.75)}
    assert many(Replacement.START_FIRST, ALL_OLD, new) == Plan(
        starts=(Slot(1, 2),), stops=("old0",), look_again_seconds=0.25
    )


@pytest.mark.parametrize("state", [STARTING, BACKING_OFF])
def test_start_first_goes_no_further_while_new_ones_do_not_settle(state: ProcessState) -> None:
    assert many(Replacement.START_FIRST, ALL_OLD, {0: (state, 0.0), 1: (state, 0.0)}) == Plan()


def test_start_first_starts_what_is_missing_altogether_whatever_is_being_replaced() -> None:
    old = dict.fromkeys(range(5), RUNNING)
    assert many(Replacement.START_FIRST, old, {0: (STARTING, 0.0), 1: (STARTING, 0.0)}) == Plan(
        starts=(Slot(1, 5), Slot(1, 6), Slot(1, 7))
    )


def test_drain_first_stops_a_quarter() -> None:
    assert many(Replacement.DRAIN_FIRST, ALL_OLD, {}) == Plan(stops=("old0", "old1"))


def test_drain_first_goes_on_as_new_ones_settle() -> None:
    old = dict.fromkeys(range(2, 8), RUNNING)
    new = {0: (RUNNING, 60.0), 1: (RUNNING, 0.75)}
    assert many(Replacement.DRAIN_FIRST, old, new) == Plan(stops=("old2",), look_again_seconds=0.25)


@pytest.mark.parametrize("state", [STARTING, BACKING_OFF])
def test_drain_first_goes_no_further_while_new_ones_do_not_settle(state: ProcessState) -> None:
    old = dict.fromkeys(range(2, 8), RUNNING)
    assert many(Replacement.DRAIN_FIRST, old, {0: (state, 0.0), 1: (state, 0.0)}) == Plan()


def test_drain_first_goes_no_further_while_old_ones_still_drain() -> None:
    assert many(Replacement.DRAIN_FIRST, {**ALL_OLD, 0: DRAINING, 1: DRAINING}, {}) == Plan()


def test_drain_first_stops_what_backs_off_at_once_and_counts_it_as_missing() -> None:
    old = {**ALL_OLD, 5: BACKING_OFF, 6: BACKING_OFF, 7: BACKING_OFF}
    assert many(Replacement.DRAIN_FIRST, old, {}) == Plan(stops=("old5", "old6", "old7"))


def test_drain_first_begins_with_an_old_one_that_cannot_be_relied_on() -> None:
    occupants = [Occupant(f"old{index}", Slot(1, index), OLD, RUNNING, 60.0) for index in range(3)]
    occupants.append(Occupant("young", Slot(1, 3), OLD, RUNNING, 0.1))
    wanted = workload(Replacement.DRAIN_FIRST, processes=4)
    assert plan(wanted, occupants).stops == ("young",)


def test_the_next_look_is_the_earliest() -> None:
    wanted = workload(Replacement.START_FIRST, processes=2)
    occupants = [
        Occupant(f"{state}{index}", Slot(1, index), fingerprint, RUNNING, age)
        for index, new_age in enumerate((0.2, 0.6))
        for state, fingerprint, age in (("old", OLD, 60.0), ("new", wanted.fingerprint, new_age))
    ]
    assert plan(wanted, occupants).look_again_seconds == SETTLED_SECONDS - 0.6


STATES = st.sampled_from(ProcessState)
FINGERPRINTS = st.sampled_from([NEW, OLD, "older"])
SLOTS = st.builds(Slot, st.integers(min_value=1, max_value=4), st.integers(min_value=0, max_value=4))
OCCUPANTS = st.lists(
    st.builds(
        Occupant,
        id=st.uuids().map(str),
        slot=SLOTS,
        fingerprint=FINGERPRINTS,
        state=STATES,
        age_seconds=st.sampled_from([0.0, 0.5, 60.0]),
    ),
    max_size=12,
)
WORKLOADS = st.builds(
    workload,
    st.sampled_from(Replacement),
    processes=st.integers(min_value=0, max_value=4),
    replicas=st.integers(min_value=0, max_value=3),
)


@dataclass
class World:
    """Occupants, and what becomes of them when plans are carried out and time passes."""

    wanted: Workload
    occupants: dict[str, Occupant]
    started: list[Slot] = field(default_factory=list)

    @property
    def slots(self) -> set[Slot]:
        replicas, indexes = range(1, self.wanted.replicas + 1), range(self.wanted.processes)
        return {Slot(replica, index) for replica in replicas for index in indexes}

    def within(self, slot: Slot) -> list[Occupant]:
        return [one for one in self.occupants.values() if one.slot == slot]

    def capacity(self) -> Mapping[int, int]:
        """Return how many slots do work on each replica, of as many as are wanted."""
        there = {one.slot for one in self.occupants.values() if one.state is RUNNING}
        return {
            replica: min(self.wanted.processes, sum(slot.replica == replica for slot in there))
            for replica in range(1, self.wanted.replicas + 1)
        }

    def unavailable(self) -> int:
        """Return in how many wanted slots neither an old one runs nor a new one is settled."""
        relied_on = {
            one.slot
            for one in self.occupants.values()
            if one.settled or (one.state is RUNNING and one.fingerprint != self.wanted.fingerprint)
        }
        return len(self.slots - relied_on)

    def beside_old_ones(self) -> int:
        """Return in how many wanted slots a new one that is not settled stands beside an old one that runs."""
        there = self.occupants.values()
        old = {one.slot for one in there if one.state is RUNNING and one.fingerprint != NEW} & self.slots
        new = [one for one in there if one.state is not DRAINING and one.fingerprint == NEW]
        return len({one.slot for one in new} & old - {one.slot for one in new if one.settled})

    def carry_out_plan(self) -> None:
        """Do what the plan says, and see that it replaces no more at once than it may."""
        limit = at_once(len(self.slots))
        most_unavailable = max(limit, self.unavailable())
        most_beside_old_ones = max(limit, self.beside_old_ones())
        self._carry_out()
        if self.wanted.replacement is Replacement.DRAIN_FIRST:
            assert self.unavailable() <= most_unavailable
        else:
            assert self.beside_old_ones() <= most_beside_old_ones

    def _carry_out(self) -> None:
        decided = plan(self.wanted, self.occupants.values())
        for slot in decided.starts:
            if self.wanted.replacement is Replacement.DRAIN_FIRST:
                assert self.within(slot) == []
            id = f"new-{len(self.started)}"
            self.started.append(slot)
            self.occupants[id] = Occupant(id, slot, self.wanted.fingerprint, STARTING, 0.0)
        for id in decided.ending:
            assert self.occupants[id].state is not DRAINING
            self.occupants[id] = replace(self.occupants[id], state=DRAINING)
        again = plan(self.wanted, self.occupants.values())
        assert not again.starts, "what was carried out is not planned again"
        assert not again.ending, "what was carried out is not planned again"

    def go_on(self, id: str) -> None:
        """What starts or backs off comes up, what runs grows older, what drains is gone."""
        one = self.occupants[id]
        if one.state is DRAINING:
            del self.occupants[id]
        elif one.state is RUNNING:
            self.occupants[id] = replace(one, age_seconds=one.age_seconds + SETTLED_SECONDS / 2)
        else:
            self.occupants[id] = replace(one, state=RUNNING, age_seconds=0.0)


_ROUNDS = 6 * 12
"""Twelve slots at most; one after the other drains, starts, runs and settles, with a round to spare."""


@settings(max_examples=200)
@given(WORKLOADS, OCCUPANTS, st.lists(st.integers(min_value=0, max_value=1000), max_size=30))
def test_plans_lead_to_exactly_what_is_wanted(
    wanted: Workload, occupants: list[Occupant], order: list[int]
) -> None:
    world = World(wanted, {one.id: one for one in occupants})
    capacity = world.capacity()
    for choice in order:
        world.carry_out_plan()
        if world.occupants:
            world.go_on(sorted(world.occupants)[choice % len(world.occupants)])
        if wanted.replacement is Replacement.START_FIRST:
            now = world.capacity()
            assert all(now[replica] >= before for replica, before in capacity.items()), "none is lost"
            capacity = now
    for _ in range(_ROUNDS):
        world.carry_out_plan()
        for id in list(world.occupants):
            world.go_on(id)

    there = world.occupants.values()
    assert len({one.slot for one in there}) == len(there)
    assert sorted(one.slot.replica for one in there) == sorted(slot.replica for slot in world.slots)
    if wanted.replacement is Replacement.DRAIN_FIRST:
        assert {one.slot for one in there} == world.slots
    assert {one.fingerprint for one in there} <= {wanted.fingerprint}
    assert {one.state for one in there} <= {RUNNING}
    assert len(set(world.started)) == len(world.started), "no slot is started twice"


@settings(max_examples=100)
@given(
    st.sampled_from(Replacement),
    st.integers(min_value=1, max_value=12),
    st.lists(st.tuples(st.integers(min_value=0, max_value=1000), st.booleans()), max_size=80),
)
def test_a_roll_stops_by_itself_while_new_ones_die_young(
    replacement: Replacement, processes: int, order: list[tuple[int, bool]]
) -> None:
    wanted = workload(replacement, processes=processes)
    old = {
        f"old{index}": Occupant(f"old{index}", Slot(1, index), OLD, RUNNING, 60.0)
        for index in range(processes)
    }
    world = World(wanted, dict(old))
    for choice, starts_well in order:
        world.carry_out_plan()
        one = world.occupants[sorted(world.occupants)[choice % len(world.occupants)]]
        if one.fingerprint == NEW and one.state is not DRAINING:
            after = RUNNING if starts_well and one.state is not RUNNING else BACKING_OFF
            world.occupants[one.id] = replace(one, state=after, age_seconds=0.0)
        else:
            world.go_on(one.id)
    world.carry_out_plan()

    untouched = [one for one in world.occupants.values() if one.fingerprint == OLD and one.state is RUNNING]
    lost = at_once(processes) if replacement is Replacement.DRAIN_FIRST else 0
    assert len(untouched) >= processes - lost


@given(WORKLOADS, OCCUPANTS)
def test_a_plan_is_the_same_whatever_the_order(wanted: Workload, occupants: list[Occupant]) -> None:
    forwards, backwards = plan(wanted, occupants), plan(wanted, reversed(occupants))
    assert forwards.starts == backwards.starts
    assert len(forwards.ending) == len(backwards.ending)
    assert len(forwards.stops) == len(backwards.stops)


def three_workers(*, busy: set[str]) -> Plan:
    wanted = replace(workload(Replacement.START_FIRST, processes=1), busy=frozenset(busy))
    return plan(wanted, [Occupant(f"p{index}", Slot(1, index), NEW, RUNNING, 60.0) for index in range(3)])


def test_the_idle_go_before_the_busy() -> None:
    assert three_workers(busy={"p2"}).surplus == ("p0", "p1")
    assert three_workers(busy={"p1", "p2"}).surplus == ("p0", "p2")
    assert three_workers(busy=set()).surplus == ("p1", "p2")


def test_who_stayed_where_it_is_is_not_moved_for_its_index() -> None:
    wanted = workload(Replacement.START_FIRST, processes=2)
    there = [Occupant("p4", Slot(1, 4), NEW, RUNNING, 60.0)]

    assert plan(wanted, there) == Plan(starts=(Slot(1, 0),))


def test_a_custom_process_keeps_its_index_busy_or_not() -> None:
    wanted = replace(workload(Replacement.DRAIN_FIRST, processes=1), busy=frozenset({"p1"}))
    there = [Occupant(f"p{index}", Slot(1, index), NEW, RUNNING, 60.0) for index in range(2)]

    assert plan(wanted, there).surplus == ("p1",)
