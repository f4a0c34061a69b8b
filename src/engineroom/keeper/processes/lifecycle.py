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


class Event(StrEnum):
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


class Step(NamedTuple):
    """What an event leads to."""

    action: Action
    state: State


TABLE: dict[tuple[State, Event], Step] = {
    (State.STARTING, Event.STARTED): Step(Action.NOTHING, State.RUNNING),
    (State.STARTING, Event.START_FAILED): Step(Action.WAIT, State.BACKING_OFF),
    (State.STARTING, Event.FINISHED): Step(Action.SWEEP, State.DRAINING),
    (State.STARTING, Event.STOP_ASKED): Step(Action.SWEEP, State.DRAINING),
    (State.STARTING, Event.KILL_ASKED): Step(Action.KILL, State.DRAINING),
    (State.RUNNING, Event.EXITED): Step(Action.START, State.STARTING),
    (State.RUNNING, Event.EXITED_YOUNG): Step(Action.WAIT, State.BACKING_OFF),
    (State.RUNNING, Event.EXITED_LOOPING): Step(Action.WAIT, State.BACKING_OFF),
    (State.RUNNING, Event.FINISHED): Step(Action.SWEEP, State.DRAINING),
    (State.RUNNING, Event.MATURED): Step(Action.NOTHING, State.RUNNING),
    (State.RUNNING, Event.TIME_UP): Step(Action.KILL, State.DRAINING),
    (State.RUNNING, Event.STOP_ASKED): Step(Action.SIGNAL, State.DRAINING),
    (State.RUNNING, Event.KILL_ASKED): Step(Action.KILL, State.DRAINING),
    (State.BACKING_OFF, Event.DELAY_OVER): Step(Action.START, State.STARTING),
    (State.BACKING_OFF, Event.STOP_ASKED): Step(Action.SWEEP, State.DRAINING),
    (State.BACKING_OFF, Event.KILL_ASKED): Step(Action.KILL, State.DRAINING),
    (State.DRAINING, Event.EXITED): Step(Action.SWEEP, State.DRAINING),
    (State.DRAINING, Event.TIME_UP): Step(Action.KILL, State.DRAINING),
    (State.DRAINING, Event.KILL_ASKED): Step(Action.KILL, State.DRAINING),
    (State.DRAINING, Event.STOP_ASKED): Step(Action.NOTHING, State.DRAINING),
    (State.DRAINING, Event.EMPTIED): Step(Action.FORGET, State.STOPPED),
}
"""What is not in the table cannot happen; `step` then says that nothing is to be done."""


def step(state: State, event: Event) -> Step | None:
    """Return what `event` leads to in `state`, or None for an event that means nothing there."""
    return TABLE.get((state, event))


def exit_event(state: State, *, is_once: bool, is_tight_loop: bool, waits: bool) -> Event:
    """Return which event the end of a leader is in `state`.

    `is_once` says that it was not to be started again, `waits` that it may not be at once, and `is_tight_loop` that this is
    since it ends as it should, but again and again at once.
    """
    if state is State.DRAINING:
        return Event.EXITED
    if is_once:
        return Event.FINISHED
    if not waits:
        return Event.EXITED
    return Event.EXITED_LOOPING if is_tight_loop else Event.EXITED_YOUNG


def failed_start_event(*, is_once: bool) -> Event:
    """Return which event it is that a program could not be executed."""
    return Event.FINISHED if is_once else Event.START_FAILED


def due_event(state: State, *, is_limited: bool) -> Event | None:
    """Return which event it is that what a process waits for in `state` has come; `is_limited`: it may not run for ever."""
    if state is State.BACKING_OFF:
        return Event.DELAY_OVER
    if state is State.DRAINING or is_limited:
        return Event.TIME_UP
    return Event.MATURED if state is State.RUNNING else None
