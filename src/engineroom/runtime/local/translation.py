"""Between the keeper's plain JSON and the words of the model."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from engineroom.model.event import KEEPER_MISUNDERSTOOD, Event
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.model.instances.limits import UNLIMITED
from engineroom.model.processes.exits import CRASH_LOOPING_FROM, TIGHT_LOOP_FROM, Exit, describe
from engineroom.model.processes.lifecycle import StopTarget
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.run import Run
from engineroom.model.processes.workload import Workload
from engineroom.runtime.local.messages import Happened, Happening, Item, KeptProcess, KeptState
from engineroom.runtime.local.planner import Slot

JsonObject = dict[str, Any]

_LABEL_TIMEOUT = "worker_timeout_seconds"
_LABEL_SIZE = "size"

_STARTS_AT_ONCE = 50
"""In one request: the keeper would keep the memory that all of a burst takes to read."""

_CHARACTERS_AT_ONCE = 4 * 1024 * 1024
"""Of variables, in one request: the keeper lets go of a client that asks at too great length."""

What = TypeVar("What")


LIMITS_PROTOCOL = 2
"""The first protocol of the keeper's that has limits, users and usage."""

OWNER_OF_THE_FOLDER = "."


def spec(id: str, workload: Workload, slot: Slot, *, protocol: int) -> JsonObject:
    """Return what a keeper of this protocol needs to run the workload's process in this slot.

    As root it runs things as the owner of their folder, unless it was said who it should be: never as root by accident.
    """
    basic = _basic(id, workload, slot)
    if protocol < LIMITS_PROTOCOL:
        return basic
    return {
        **basic,
        "family": workload.background_process,
        **manner(workload),
        **placed(workload, slot.replica),
    }


def manner(workload: Workload) -> JsonObject:
    """Return how the workload's processes are stopped, and which of their ends are no failure, in the keeper's words."""
    of_program = "programs" if workload.signal_group else "leader"
    return {
        "stop_signal": workload.stop_signal.value,
        "stop_target": "group" if workload.stop_target is StopTarget.GROUP else of_program,
        "expected_exit_codes": list(workload.expected_exit_codes),
    }


def placed(what: Workload | Run, replica: int) -> JsonObject:
    """Return what a spec says of who runs it, and with whom it is limited."""
    return {
        "group": group(what, replica),
        "user": what.os_user or OWNER_OF_THE_FOLDER,
        **({} if what.umask is None else {"umask": what.umask}),
    }


def can_start(workload: Workload, *, protocol: int) -> bool:
    """Return whether a keeper of this protocol can run a workload with no more rights than it should have."""
    return protocol >= LIMITS_PROTOCOL or (workload.os_user is None and workload.umask is None)


def group(what: Workload | Run, replica: int) -> str:
    """Return the keeper's name for a replica, whose processes are limited together."""
    return f"{what.instance}.{replica}" if what.instance else ""


def limits(what: Workload | Run) -> JsonObject:
    """Return what a replica of an instance may use, as the keeper takes it."""
    return asdict(what.limits)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose process it is."""

    background_process: BackgroundProcessId
    replica: int
    index: int


def new_process_id(owner: Owner) -> str:
    """Return an id for a process; from it alone is seen whose it is, so that its output can be read without the keeper."""
    return f"{owner.background_process}.{owner.replica}.{owner.index}.{uuid.uuid4().hex[:12]}"


def owner(process_id: str) -> Owner | None:
    """Return whose process has this id; None when it is not one that `new_process_id` has made."""
    parts = process_id.split(".")
    if len(parts) != 4 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return None
    return Owner(BackgroundProcessId(parts[0]), int(parts[1]), int(parts[2]))


def _basic(id: str, workload: Workload, slot: Slot) -> JsonObject:
    return {
        "id": id,
        "argv": list(workload.argv),
        "working_directory": workload.working_directory,
        "environment": {
            **workload.inherited_variables,
            **workload.variables,
            "ENGINEROOM_REPLICA": str(slot.replica),
            "ENGINEROOM_INDEX": str(slot.index),
        },
        "signal_group": workload.signal_group,
        "labels": {
            "background_process": workload.background_process,
            "replica": str(slot.replica),
            "index": str(slot.index),
            "fingerprint": workload.fingerprint,
            **_timeout_label(workload),
            **size_label(workload),
        },
    }


def in_requests(starts: Iterable[tuple[JsonObject, What]]) -> Iterator[list[tuple[JsonObject, What]]]:
    """Yield the specs to start, each with whose it is, as many together as the keeper is asked for in one request."""
    some: list[tuple[JsonObject, What]] = []
    characters = 0
    for spec, what in starts:
        length = sum(map(len, spec["environment"].values()))
        if some and (len(some) == _STARTS_AT_ONCE or characters + length > _CHARACTERS_AT_ONCE):
            yield some
            some, characters = [], 0
        some.append((spec, what))
        characters += length
    if some:
        yield some


def size_label(what: Workload | Run) -> dict[str, str]:
    """Return the label that names the size of what runs it, where it has limits."""
    return {} if what.size is None or what.limits == UNLIMITED else {_LABEL_SIZE: what.size}


def _timeout_label(workload: Workload) -> dict[str, str]:
    timeout = workload.worker_timeout_seconds
    return {} if timeout is None else {_LABEL_TIMEOUT: str(timeout)}


def process(kept: KeptProcess) -> Process:
    """Return what the keeper says of a process that has not stopped."""
    labels, state = kept.labels, ProcessState(kept.state)
    due = _moment(kept.due_at)
    return Process(
        id=kept.id,
        background_process=BackgroundProcessId(labels["background_process"]),
        replica=int(labels["replica"]),
        index=int(labels["index"]),
        # One that can start no more is another than is wanted: so it is replaced.
        fingerprint="" if kept.lacks_variables else labels["fingerprint"],
        state=state,
        pid=kept.pid,
        started_at=_moment(kept.started_at),
        restarts=kept.restarts,
        crash_looping=kept.crash_looping,
        tight_loop=kept.tight_loop,
        next_start_at=due if state is ProcessState.BACKING_OFF else None,
        deadline_at=due if state is ProcessState.DRAINING else None,
        last_exit=exit_of(kept),
        output_dropped_bytes=kept.output_dropped_bytes,
    )


def event(happened: Happened) -> Event | None:
    """Return what an event of the keeper's means to people; None for one that another event says already."""
    kept = happened.process
    if kept.is_unknown:
        return unknown_found(happened) if happened.event is Happening.STOP_ASKED else None
    if happened.event not in _TOLD:
        return None
    kind, phrase = _TOLD[happened.event]
    if kept.young_deaths == CRASH_LOOPING_FROM and happened.event in _YOUNG_ENDS:
        kind = "process.crash_looping"
    if kept.quick_lives == TIGHT_LOOP_FROM and happened.event is Happening.EXITED_LOOPING:
        kind = "process.tight_loop"
    labels = kept.labels
    slot = f"Process {labels['index']} of replica {labels['replica']}"
    return Event(
        id=new_event_id(),
        background_process_id=BackgroundProcessId(labels["background_process"]),
        kind=kind,
        message=f"{slot} {phrase(kept)}.",
        data={
            "process": kept.id,
            "replica": int(labels["replica"]),
            "index": int(labels["index"]),
            "pid": kept.pid,
            "restarts": kept.restarts,
            "crash_looping": kept.crash_looping,
            "tight_loop": kept.tight_loop,
            "last_exit": None if kept.last_exit is None else msgspec.structs.asdict(kept.last_exit),
            "output_dropped_bytes": kept.output_dropped_bytes,
        },
        at=datetime.fromtimestamp(happened.at, UTC),
    )


def _ended(kept: KeptProcess) -> str:
    lived = kept.last_exit.lived_seconds if kept.last_exit else 0.0
    if kept.state is KeptState.DRAINING and kept.asked:
        return (
            f"has no shell any more, which ended ({_reason(kept)}) after {lived:.1f} s; what the shell had started was "
            "asked to end as well, and finishes what it has in hand"
        )
    ended = f"ended: {_reason(kept)}, after {lived:.1f} s"
    if kept.crash_looping:
        ended += f"; it is crash looping, having died young {kept.young_deaths} times in a row"
    elif kept.tight_loop:
        ended += (
            f"; it is in a tight loop, having ended at once {kept.quick_lives} times in a row, and is slowed"
        )
    return ended if kept.state is KeptState.DRAINING else f"{ended}; {_next_start(kept)}"


def _reason(kept: KeptProcess) -> str:
    ended = exit_of(kept)
    timeout = kept.labels.get(_LABEL_TIMEOUT, "")
    seconds = int(timeout) if timeout.isdecimal() else None
    return describe(ended, worker_timeout_seconds=seconds) if ended else "ended"


def _next_start(kept: KeptProcess) -> str:
    if kept.state is KeptState.STARTING or not kept.due_at or kept.last_exit is None:
        return "it starts again at once"
    return f"it starts again in {max(0.0, kept.due_at - kept.last_exit.at):.1f} s"


def _because(kept: KeptProcess) -> str:
    return f": {kept.stop_reason}" if kept.stop_reason else ""


def exit_of(kept: KeptProcess) -> Exit | None:
    """Return how the last life of a process ended, as the keeper says it."""
    ended = kept.last_exit
    if ended is None:
        return None
    facts = msgspec.structs.asdict(ended)
    return Exit(**{**facts, "at": datetime.fromtimestamp(ended.at, UTC)}, size=kept.labels.get(_LABEL_SIZE))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


_YOUNG_ENDS = (Happening.START_FAILED, Happening.EXITED_YOUNG)

_TOLD: dict[Happening, tuple[str, Callable[[KeptProcess], str]]] = {
    Happening.STARTED: ("process.started", lambda kept: f"runs as pid {kept.pid}"),
    Happening.START_FAILED: (
        "process.start_failed",
        lambda kept: f"{_reason(kept)}; {_next_start(kept)}",
    ),
    Happening.EXITED: ("process.exited", _ended),
    Happening.EXITED_YOUNG: ("process.exited", _ended),
    Happening.EXITED_LOOPING: ("process.exited", _ended),
    Happening.MATURED: (
        "process.recovered",
        lambda _: "has run long enough to forget how its earlier lives ended",
    ),
    Happening.STOP_ASKED: ("process.draining", lambda kept: f"was asked to stop{_because(kept)}"),
    Happening.KILL_ASKED: ("process.killed", lambda kept: f"is killed, as asked{_because(kept)}"),
    Happening.TIME_UP: ("process.killed", lambda _: "is killed: its time to drain has passed"),
    Happening.OUTPUT_DROPPED: (
        "process.output_dropped",
        lambda kept: (
            f"prints faster than it is read: {kept.output_dropped_bytes:,} bytes of its output were dropped so far"
        ),
    ),
    Happening.EMPTIED: ("process.stopped", lambda _: "is gone, and nothing of it is left"),
}
"""The kind of each of the keeper's events that people are told of, and the second half of its sentence."""


def unknown_found(happened: Happened) -> Event:
    """Return the event of something that the keeper found running and can tell nobody's."""
    return Event(
        id=new_event_id(),
        background_process_id=None,
        kind="keeper.unknown_found",
        message=(
            f"The keeper found {happened.process.id} running, which an earlier one had started and not written down. "
            "It is asked to end."
        ),
        data={"process": happened.process.id},
        at=datetime.fromtimestamp(happened.at, UTC),
    )


def keeper_lost(silent: str | None) -> Event:
    """Return the event of a keeper that is gone, or does not answer for a reason."""
    if silent is None:
        return _of_keeper(
            "keeper.lost", "The keeper is gone. What it runs goes on running, and the next keeper finds it."
        )
    message = (
        f"{silent[:1].upper()}{silent[1:]}. What runs goes on running; until it answers, nobody knows how."
    )
    return _of_keeper("keeper.silent", message)


def keeper_found() -> Event:
    """Return the event of a keeper that answers again."""
    return _of_keeper("keeper.found", "The keeper answers again.")


def keeper_news(item: Item) -> Event:
    """Return the event of something that the keeper says of itself."""
    return _of_keeper(item.kind, item.message)


def _of_keeper(kind: str, message: str) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=None,
        kind=kind,
        message=message,
        data={},
        at=datetime.now(UTC),
    )


def keeper_misunderstood(reason: str) -> Event:
    """Return the event of a keeper that said what nobody can make sense of."""
    return _of_misunderstanding(f"The keeper said what is not of its protocol: {reason}", reason)


def keeper_refused(reason: str) -> Event:
    """Return the event of a keeper that was asked what it can make no sense of, and has hung up or said so."""
    return _of_misunderstanding(
        f"The keeper does not understand the server: {reason}", f"it refused what the server sent: {reason}"
    )


def _of_misunderstanding(what: str, reason: str) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=None,
        kind=KEEPER_MISUNDERSTOOD,
        message=(
            f"{what}. What runs goes on, and it is connected to again; "
            "install server and keeper from the same version, and look at the keeper's log."
        ),
        data={"reason": reason},
        at=datetime.now(UTC),
    )
