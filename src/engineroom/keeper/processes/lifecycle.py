"""The life of a process as a literal table: (state, event) → (action, next state). Nothing else decides."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing_off"
    DRAINING = "draining"
    STOPPED = "stopped"


class LifecycleEvent(StrEnum):
    """What can happen to a process."""

    STARTED = "started"
    """The program runs."""
    START_FAILED = "start_failed"
    """The program could not be executed."""
    EXITED = "exited"
    """The leader ended, and may start again at once."""
    EXITED_YOUNG = "exited_young"
    """The leader failed too soon after its start, once too often."""
    EXITED_LOOPING = "exited_looping"
    """The leader ended as it should, but at once after its start, and has done so again and again."""
    FINISHED = "finished"
    """The leader ended, or could not be executed, and was to run only once."""
    MATURED = "matured"
    """The leader has lived long enough to forget how its earlier lives ended."""
    DELAY_OVER = "delay_over"
    """The time to wait before the next start has passed."""
    STOP_ASKED = "stop_asked"
    """Nobody wants the process any more; it may finish what it does."""
    KILL_ASKED = "kill_asked"
    """Nobody wants the process any more, and nobody waits for it."""
    TIME_UP = "time_up"
    """The time to run, or to drain, has passed."""
    EMPTIED = "emptied"
    """Nothing is left of the process and its group."""


class Action(StrEnum):
    """What is done about it."""

    NOTHING = "nothing"
    """There is nothing to do."""
    START = "start"
    """Execute the program."""
    WAIT = "wait"
    """Start again after a delay."""
    SIGNAL = "signal"
    """Send SIGTERM and set the deadline."""
    KILL = "kill"
    """Send SIGKILL to the whole group."""
    SWEEP = "sweep"
    """Look for what is left of the group, end that too, and look again until nothing is."""
    FORGET = "forget"
    """Drop all memory of the process; its output stays until it was read."""


class Transition(NamedTuple):
    """What an event leads to."""

    action: Action
    state: State


TABLE: dict[tuple[State, LifecycleEvent], Transition] = {
    (State.STARTING, LifecycleEvent.STARTED): Transition(Action.NOTHING, State.RUNNING),
    (State.STARTING, LifecycleEvent.START_FAILED): Transition(Action.WAIT, State.BACKING_OFF),
    (State.STARTING, LifecycleEvent.FINISHED): Transition(Action.SWEEP, State.DRAINING),
    (State.STARTING, LifecycleEvent.STOP_ASKED): Transition(Action.SWEEP, State.DRAINING),
    (State.STARTING, LifecycleEvent.KILL_ASKED): Transition(Action.KILL, State.DRAINING),
    (State.RUNNING, LifecycleEvent.EXITED): Transition(Action.START, State.STARTING),
    (State.RUNNING, LifecycleEvent.EXITED_YOUNG): Transition(Action.WAIT, State.BACKING_OFF),
    (State.RUNNING, LifecycleEvent.EXITED_LOOPING): Transition(Action.WAIT, State.BACKING_OFF),
    (State.RUNNING, LifecycleEvent.FINISHED): Transition(Action.SWEEP, State.DRAINING),
    (State.RUNNING, LifecycleEvent.MATURED): Transition(Action.NOTHING, State.RUNNING),
    (State.RUNNING, LifecycleEvent.TIME_UP): Transition(Action.KILL, State.DRAINING),
    (State.RUNNING, LifecycleEvent.STOP_ASKED): Transition(Action.SIGNAL, State.DRAINING),
    (State.RUNNING, LifecycleEvent.KILL_ASKED): Transition(Action.KILL, State.DRAINING),
    (State.BACKING_OFF, LifecycleEvent.DELAY_OVER): Transition(Action.START, State.STARTING),
    (State.BACKING_OFF, LifecycleEvent.STOP_ASKED): Transition(Action.SWEEP, State.DRAINING),
    (State.BACKING_OFF, LifecycleEvent.KILL_ASKED): Transition(Action.KILL, State.DRAINING),
    (State.DRAINING, LifecycleEvent.EXITED): Transition(Action.SWEEP, State.DRAINING),
    (State.DRAINING, LifecycleEvent.TIME_UP): Transition(Action.KILL, State.DRAINING),
    (State.DRAINING, LifecycleEvent.KILL_ASKED): Transition(Action.KILL, State.DRAINING),
    (State.DRAINING, LifecycleEvent.STOP_ASKED): Transition(Action.NOTHING, State.DRAINING),
    (State.DRAINING, LifecycleEvent.EMPTIED): Transition(Action.FORGET, State.STOPPED),
}
"""What is not in the table cannot happen; `step` then says that nothing is to be done."""


def step(state: State, event: LifecycleEvent) -> Transition | None:
    """Return what `event` leads to in `state`, or None for an event that means nothing there."""
    return TABLE.get((state, event))


def exit_event(state: State, *, is_once: bool, is_tight_loop: bool, waits: bool) -> LifecycleEvent:
    """Return which event the end of a leader is in `state`.

    `is_once` says that it was not to be started again, `waits` that it may not be at once, and `is_tight_loop` that this is
    since it ends as it should, but again and again at once.
    """
    if state is State.DRAINING:
        return LifecycleEvent.EXITED
    if is_once:
        return LifecycleEvent.FINISHED
    if not waits:
        return LifecycleEvent.EXITED
    return LifecycleEvent.EXITED_LOOPING if is_tight_loop else LifecycleEvent.EXITED_YOUNG


def failed_start_event(*, is_once: bool) -> LifecycleEvent:
    """Return which event it is that a program could not be executed."""
    return LifecycleEvent.FINISHED if is_once else LifecycleEvent.START_FAILED


def due_event(state: State, *, is_limited: bool) -> LifecycleEvent | None:
    """Return which event it is that what a process waits for in `state` has come; `is_limited`: it may not run for ever."""
    if state is State.BACKING_OFF:
        return LifecycleEvent.DELAY_OVER
    if state is State.DRAINING or is_limited:
        return LifecycleEvent.TIME_UP
    return LifecycleEvent.MATURED if state is State.RUNNING else None
