"""The table of a process's life, looked at whole: every state with every event."""

from collections import deque
from itertools import product

import pytest

from engineroom.keeper.processes.lifecycle import (
    TABLE,
    Action,
    LifecycleEvent,
    State,
    due_event,
    exit_event,
    failed_start_event,
    step,
)

LIVING = [state for state in State if state is not State.STOPPED]
WITH_LEADER = [State.RUNNING, State.DRAINING]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", LifecycleEvent)
def test_what_is_not_in_the_table_means_nothing(state: State, event: LifecycleEvent) -> None:
    decided = step(state, event)
    assert decided == TABLE.get((state, event))
    if decided is not None:
        assert decided.state in State
        assert decided.action in Action


def test_stopped_has_no_way_out() -> None:
    assert [event for event in LifecycleEvent if step(State.STOPPED, event)] == []


@pytest.mark.parametrize("state", LIVING)
def test_no_other_state_is_final(state: State) -> None:
    assert reachable(state) >= {State.DRAINING, State.STOPPED}


@pytest.mark.parametrize("state", LIVING)
@pytest.mark.parametrize("asked", [LifecycleEvent.STOP_ASKED, LifecycleEvent.KILL_ASKED])
def test_every_living_state_takes_a_stop_and_is_then_over_once_emptied(
    state: State, asked: LifecycleEvent
) -> None:
    draining = step(state, asked)
    assert draining is not None
    assert draining.state is State.DRAINING
    over = step(draining.state, LifecycleEvent.EMPTIED)
    assert over == (Action.FORGET, State.STOPPED)


@pytest.mark.parametrize("event", LifecycleEvent)
def test_nothing_but_being_emptied_ends_draining(event: LifecycleEvent) -> None:
    decided = step(State.DRAINING, event)
    assert decided is None or (decided.state is State.STOPPED) == (event is LifecycleEvent.EMPTIED)


@pytest.mark.parametrize("state", WITH_LEADER)
def test_wherever_a_leader_lives_its_end_is_heard(state: State) -> None:
    assert step(state, LifecycleEvent.EXITED) is not None


@pytest.mark.parametrize("state", LIVING)
def test_a_kill_kills_in_every_state(state: State) -> None:
    decided = step(state, LifecycleEvent.KILL_ASKED)
    assert decided is not None
    assert decided.action is Action.KILL


def test_a_start_leads_to_starting_and_to_nothing_else() -> None:
    for decided in TABLE.values():
        assert (decided.action is Action.START) == (decided.state is State.STARTING)


def test_a_wait_leads_to_backing_off_and_to_nothing_else() -> None:
    for decided in TABLE.values():
        assert (decided.action is Action.WAIT) == (decided.state is State.BACKING_OFF)


def test_term_is_sent_once_and_only_to_what_runs() -> None:
    signalling = [key for key, decided in TABLE.items() if decided.action is Action.SIGNAL]
    assert signalling == [(State.RUNNING, LifecycleEvent.STOP_ASKED)]


def test_every_state_event_and_action_is_used() -> None:
    assert reachable(State.STARTING) == set(State)
    assert {event for _, event in TABLE} == set(LifecycleEvent)
    assert {decided.action for decided in TABLE.values()} == set(Action)


def reachable(start: State) -> set[State]:
    found, waiting = {start}, deque([start])
    while waiting:
        state = waiting.popleft()
        following = {decided.state for (origin, _), decided in TABLE.items() if origin is state}
        waiting.extend(following - found)
        found |= following
    return found


FLAGS = [False, True]


@pytest.mark.parametrize("state", WITH_LEADER)
@pytest.mark.parametrize(("is_once", "is_tight_loop", "waits"), list(product(FLAGS, FLAGS, FLAGS)))
def test_every_end_of_a_leader_leads_on(
    state: State, *, is_once: bool, is_tight_loop: bool, waits: bool
) -> None:
    event = exit_event(state, is_once=is_once, is_tight_loop=is_tight_loop, waits=waits)
    decided = step(state, event)
    assert decided is not None
    if state is State.DRAINING or is_once:
        assert decided == (Action.SWEEP, State.DRAINING)
    else:
        assert decided.action is (Action.WAIT if waits else Action.START)
        assert (event is LifecycleEvent.EXITED_LOOPING) == (waits and is_tight_loop)


@pytest.mark.parametrize("is_once", FLAGS)
def test_a_start_that_failed_leads_on(*, is_once: bool) -> None:
    assert step(State.STARTING, failed_start_event(is_once=is_once)) == (
        (Action.SWEEP, State.DRAINING) if is_once else (Action.WAIT, State.BACKING_OFF)
    )


@pytest.mark.parametrize("is_limited", FLAGS)
@pytest.mark.parametrize("state", [State.RUNNING, State.BACKING_OFF, State.DRAINING])
def test_what_comes_due_means_something_where_it_is_waited_for(state: State, *, is_limited: bool) -> None:
    event = due_event(state, is_limited=is_limited)
    assert event is not None
    assert step(state, event) is not None


def test_nothing_is_due_where_nothing_is_waited_for() -> None:
    assert due_event(State.STARTING, is_limited=False) is None
    assert due_event(State.STOPPED, is_limited=False) is None
