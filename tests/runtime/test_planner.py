"""What to start and what to stop: examples, and a world in which plans are carried out until nothing is left to do."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.process import ProcessState
from engineroom.model.workload import Replacement, Workload
from engineroom.runtime.local.planner import SETTLED_SECONDS, Occupant, Plan, Slot, plan

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
    assert plan(wanted, [occupant("a", RUNNING), outside]) == Plan(stops=("b",))


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
        age_seconds=st.just(60.0),
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

    def running(self) -> set[Slot]:
        """Return the wanted slots in which something runs."""
        return {one.slot for one in self.occupants.values() if one.state is RUNNING} & self.slots

    def carry_out_plan(self) -> None:
        decided = plan(self.wanted, self.occupants.values())
        for slot in decided.starts:
            if self.wanted.replacement is Replacement.DRAIN_FIRST:
                assert self.within(slot) == []
            id = f"new-{len(self.started)}"
            self.started.append(slot)
            self.occupants[id] = Occupant(id, slot, self.wanted.fingerprint, STARTING, 0.0)
        for id in decided.stops:
            assert self.occupants[id].state is not DRAINING
            self.occupants[id] = replace(self.occupants[id], state=DRAINING)
        again = plan(self.wanted, self.occupants.values())
        assert not again.starts, "what was carried out is not planned again"
        assert not again.stops, "what was carried out is not planned again"

    def go_on(self, id: str) -> None:
        """What starts or backs off comes up, what runs grows older, what drains is gone."""
        one = self.occupants[id]
        if one.state is DRAINING:
            del self.occupants[id]
        elif one.state is RUNNING:
            self.occupants[id] = replace(one, age_seconds=one.age_seconds + SETTLED_SECONDS / 2)
        else:
            self.occupants[id] = replace(one, state=RUNNING, age_seconds=0.0)


@settings(max_examples=200, deadline=None)
@given(WORKLOADS, OCCUPANTS, st.lists(st.integers(min_value=0, max_value=1000), max_size=30))
def test_plans_lead_to_exactly_what_is_wanted(
    wanted: Workload, occupants: list[Occupant], order: list[int]
) -> None:
    world = World(wanted, {one.id: one for one in occupants})
    ran = world.running()
    for choice in order:
        world.carry_out_plan()
        if world.occupants:
            world.go_on(sorted(world.occupants)[choice % len(world.occupants)])
        ran |= world.running()
        if wanted.replacement is Replacement.START_FIRST:
            assert world.running() == ran, "where something ran, something runs"
    for _ in range(8):
        world.carry_out_plan()
        for id in list(world.occupants):
            world.go_on(id)

    there = world.occupants.values()
    assert sorted(one.slot for one in there) == sorted(world.slots)
    assert {one.fingerprint for one in there} <= {wanted.fingerprint}
    assert {one.state for one in there} <= {RUNNING}
    assert len(set(world.started)) == len(world.started), "no slot is started twice"


@given(WORKLOADS, OCCUPANTS)
def test_a_plan_is_the_same_whatever_the_order(wanted: Workload, occupants: list[Occupant]) -> None:
    forwards, backwards = plan(wanted, occupants), plan(wanted, reversed(occupants))
    assert forwards.starts == backwards.starts
    assert len(forwards.stops) == len(backwards.stops)
