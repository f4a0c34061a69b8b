"""Between the keeper's plain JSON and the words of the model."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from engineroom.model.event import Event
from engineroom.model.exits import CRASH_LOOPING_FROM, Exit, describe
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.model.process import Process, ProcessState
from engineroom.model.run import Run
from engineroom.model.workload import Workload
from engineroom.runtime.local.planner import Slot

JsonObject = dict[str, Any]

_LABEL_TIMEOUT = "worker_timeout_seconds"

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
    return {**basic, "family": workload.background_process, **placed(workload, slot.replica)}


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


def _timeout_label(workload: Workload) -> dict[str, str]:
    timeout = workload.worker_timeout_seconds
    return {} if timeout is None else {_LABEL_TIMEOUT: str(timeout)}


def process(data: JsonObject) -> Process:
    """Return what the keeper says of a process that has not stopped."""
    labels, state = data["labels"], ProcessState(data["state"])
    due = _moment(data["due_at"])
    return Process(
        id=data["id"],
        background_process=BackgroundProcessId(labels["background_process"]),
        replica=int(labels["replica"]),
        index=int(labels["index"]),
        fingerprint=labels["fingerprint"],
        state=state,
        pid=data["pid"],
        started_at=_moment(data["started_at"]),
        restarts=data["restarts"],
        crash_looping=data["crash_looping"],
        next_start_at=due if state is ProcessState.BACKING_OFF else None,
        deadline_at=due if state is ProcessState.DRAINING else None,
        last_exit=exit_of(data["last_exit"]),
        output_dropped_bytes=data.get("output_dropped_bytes", 0),
    )


def event(entry: JsonObject) -> Event | None:
    """Return what an event of the keeper's means to people; None for one that another event says already."""
    data = entry["process"]
    if entry["event"] not in _TOLD:
        return None
    kind, phrase = _TOLD[entry["event"]]
    if data["young_deaths"] == CRASH_LOOPING_FROM and entry["event"] in _YOUNG_ENDS:
        kind = "process.crash_looping"
    labels = data["labels"]
    slot = f"Process {labels['index']} of replica {labels['replica']}"
    return Event(
        id=new_event_id(),
        background_process_id=BackgroundProcessId(labels["background_process"]),
        kind=kind,
        message=f"{slot} {phrase(data)}.",
        data={
            "process": data["id"],
            "replica": int(labels["replica"]),
            "index": int(labels["index"]),
            "pid": data["pid"],
            "restarts": data["restarts"],
            "crash_looping": data["crash_looping"],
            "last_exit": data["last_exit"],
            "output_dropped_bytes": data.get("output_dropped_bytes", 0),
        },
        at=datetime.fromtimestamp(entry["at"], UTC),
    )


def unlimited_event(workload: Workload, unlimited: Mapping[str, str]) -> Event:
    """Return the event that says that a workload runs without the limits of its instance's size, and why."""
    reasons = "; ".join(sorted(set(unlimited.values())))
    return Event(
        id=new_event_id(),
        background_process_id=workload.background_process,
        kind="limits.unenforced",
        message=f"The size of its instance does not limit {', '.join(sorted(unlimited))} on this host: {reasons}.",
        data={"instance": workload.instance, "unlimited": dict(unlimited)},
        at=datetime.now(UTC),
    )


def _ended(data: JsonObject) -> str:
    ended = f"ended: {_reason(data)}, after {data['last_exit']['lived_seconds']:.1f} s"
    if data["crash_looping"]:
        ended += f"; it is crash looping, having died young {data['young_deaths']} times in a row"
    return ended if data["state"] == ProcessState.DRAINING else f"{ended}; {_next_start(data)}"


def _reason(data: JsonObject) -> str:
    ended = exit_of(data["last_exit"])
    timeout = data["labels"].get(_LABEL_TIMEOUT)
    return describe(ended, worker_timeout_seconds=int(timeout) if timeout else None) if ended else "ended"


def _next_start(data: JsonObject) -> str:
    if data["state"] == ProcessState.STARTING or not data["due_at"]:
        return "it starts again at once"
    return f"it starts again in {max(0.0, data['due_at'] - data['last_exit']['at']):.1f} s"


def _because(data: JsonObject) -> str:
    reason = data.get("stop_reason")
    return f": {reason}" if reason else ""


def exit_of(data: JsonObject | None) -> Exit | None:
    """Return how a life ended, as the keeper says it."""
    if data is None:
        return None
    return Exit(**{**data, "at": datetime.fromtimestamp(data["at"], UTC)})


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


_YOUNG_ENDS = ("start_failed", "exited_young")

_TOLD: dict[str, tuple[str, Callable[[JsonObject], str]]] = {
    "started": ("process.started", lambda data: f"runs as pid {data['pid']}"),
    "start_failed": ("process.start_failed", lambda data: f"{_reason(data)}; {_next_start(data)}"),
    "exited": ("process.exited", _ended),
    "exited_young": ("process.exited", _ended),
    "matured": ("process.recovered", lambda _: "has run long enough to forget its earlier deaths"),
    "stop_asked": ("process.draining", lambda data: f"was asked to stop{_because(data)}"),
    "kill_asked": ("process.killed", lambda data: f"is killed, as asked{_because(data)}"),
    "time_up": ("process.killed", lambda _: "is killed: its time to drain has passed"),
    "output_dropped": (
        "process.output_dropped",
        lambda data: (
            f"prints faster than it is read: {data['output_dropped_bytes']:,} bytes of its output were dropped so far"
        ),
    ),
    "emptied": ("process.stopped", lambda _: "is gone, and nothing of it is left"),
}
"""The kind of each of the keeper's events that people are told of, and the second half of its sentence."""


def keeper_lost() -> Event:
    """Return the event of a keeper that is gone."""
    return Event(
        id=new_event_id(),
        background_process_id=None,
        kind="keeper.lost",
        message="The keeper is gone. What it runs goes on running, and the next keeper finds it.",
        data={},
        at=datetime.now(UTC),
    )
