"""The steps of the fake runtime lead from whatever is there to what is asked for."""

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.workload import Workload
from engineroom.runtime.fake_steps import Drain, StartStep, next_steps
from tests.runtime.conformance import some_workload

ROUNDS = 100
OLD = "something else"


def a_process(workload: Workload, number: int, slot: tuple[int, int], state: ProcessState) -> Process:
    return Process(
        id=f"p-{number}",
        background_process=workload.background_process,
        replica=slot[0],
        index=slot[1],
        fingerprint=workload.fingerprint,
        state=state,
    )


def after(workload: Workload, processes: list[Process], numbers: "itertools.count[int]") -> list[Process]:
    """Return what is there after a round in which starts succeed, and what drains is gone."""
    there = {each.id: each for each in processes if each.state is not ProcessState.DRAINING}
    there = {id: replace(each, state=ProcessState.RUNNING) for id, each in there.items()}
    for step in next_steps(workload, processes):
        match step:
            case StartStep(slot):
                new = a_process(workload, next(numbers), slot, ProcessState.STARTING)
                there[new.id] = new
            case Drain(id):
                there[id] = replace(there[id], state=ProcessState.DRAINING)
    return list(there.values())


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 4), st.booleans(), st.sampled_from(list(ProcessState))),
        max_size=12,
    ),
    st.integers(0, 4),
    st.integers(1, 3),
    st.sampled_from(Replacement),
)
def test_from_whatever_is_there_it_comes_to_one_in_each_slot_and_stays_so(
    found: list[tuple[int, int, bool, ProcessState]], processes: int, replicas: int, how: Replacement
) -> None:
    workload = some_workload(processes=processes, replicas=replicas, replacement=how)
    numbers = itertools.count()
    there = []
    for replica, index, current, state in found:
        made = a_process(workload, next(numbers), (replica, index), state)
        there.append(made if current else replace(made, fingerprint=OLD))

    for _ in range(ROUNDS):
        there = after(workload, there, numbers)

    slots = [(each.replica, each.index) for each in there]
    assert len(slots) == len(set(slots)) == processes * replicas
    assert {each.fingerprint for each in there} <= {workload.fingerprint}
    assert list(next_steps(workload, there)) == []


def test_a_busy_worker_stays_when_others_go() -> None:
    workload = some_workload(processes=3, replicas=1)
    there = [a_process(workload, number, (1, number), ProcessState.RUNNING) for number in range(3)]

    steps = next_steps(replace(workload, processes=1, busy=frozenset({"p-2"})), there)

    assert steps == [Drain("p-0"), Drain("p-1")]
