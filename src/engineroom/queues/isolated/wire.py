"""What the server and the process that measures a user's queues say to each other, as JSON."""

import dataclasses
from typing import Annotated, get_args

import msgspec

from engineroom.queues.base import QueueConnection, Snapshot
from engineroom.sandbox import in_a_line

_LARGEST = 2**53
Count = Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=_LARGEST)]
_KINDS = {kind.__name__: kind for kind in get_args(QueueConnection)}


class Wired(msgspec.Struct, frozen=True):
    """A connection: the name of its type, and its fields."""

    kind: str
    fields: msgspec.Raw


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """To the process, first: what holds for all that it does."""

    allowed: tuple[str, ...]
    denied: tuple[str, ...]
    answer_seconds: float


class Measure(msgspec.Struct, tag="measure", frozen=True, kw_only=True):
    """To the process: tell of a queue. `seen` when there was something in it at an earlier time."""

    number: int
    connection: Wired
    queue: str
    seen: bool


class Forget(msgspec.Struct, tag="forget", frozen=True):
    """To the process: disconnect from a server."""

    connection: Wired


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot as a process may tell it that believed a hostile server: no figure is below zero, or beyond reason."""

    waiting: Count
    due: Count
    delayed: Count
    reserved: Count
    expired: Count
    at_least: bool
    window: Annotated[tuple[str, ...], msgspec.Meta(max_length=1000)]
    oldest_age_seconds: Seconds | None
    arrived: Count | None
    finished: Count | None
    failed: Count | None
    doubt: Annotated[str, msgspec.Meta(max_length=1000)]

    def snapshot(self) -> Snapshot:
        """Return it as drivers do."""
        return Snapshot(**msgspec.structs.asdict(self) | {"doubt": in_a_line(self.doubt)})


class MeasuredQueue(msgspec.Struct, tag="measured", frozen=True, kw_only=True):
    """From the process: the figures of a queue, which are not looked at before they are needed."""

    number: int
    counts: msgspec.Raw


class Unmeasured(msgspec.Struct, tag="unmeasured", frozen=True, kw_only=True):
    """From the process: why a queue has no figures.

    `queue_alone` when other queues of its server may be measured all the same. `hung` when something goes on that cannot be
    ended but with the process.
    """

    number: int
    why: str
    queue_alone: bool
    hung: bool


Reply = MeasuredQueue | Unmeasured


def wired(connection: QueueConnection) -> Wired:
    """Return a connection as it goes over the wire."""
    return Wired(type(connection).__name__, msgspec.Raw(msgspec.json.encode(connection)))


def unwired(found: Wired) -> QueueConnection:
    """Return the connection again. Raises msgspec.DecodeError."""
    connection: QueueConnection = msgspec.json.decode(found.fields, type=_KINDS[found.kind])
    return connection


def encoded(snapshot: Snapshot) -> msgspec.Raw:
    """Return a snapshot as it goes over the wire."""
    return msgspec.Raw(msgspec.json.encode(dataclasses.asdict(snapshot)))
