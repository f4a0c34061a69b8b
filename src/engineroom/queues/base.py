"""What every kind of queue answers, and where it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


class UnmeasurableError(Exception):
    """A queue cannot be measured: why, and what to do about it."""


class UnmeasurableQueueError(UnmeasurableError):
    """This queue cannot be measured, though its server answers; its other queues may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisQueues:
    """Laravel's queues in Redis. `prefix` is what the connection puts before every key.

    With `hash_tag` a queue's name stands in braces, so that a cluster keeps its keys together (framework 13.5 and later).
    """

    host: str
    port: int = 6379
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    socket: str | None = None
    tls: bool = False
    cluster: bool = False
    hash_tag: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseQueues:
    """Laravel's queues in a table. `dialect` is `sqlite`, `postgresql` or `mysql`; `database` is a file for SQLite."""

    dialect: str
    database: str
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    socket: str | None = None
    table: str = "jobs"
    failed_table: str | None = "failed_jobs"
    retry_after_seconds: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsQueues:
    """Queues at Amazon SQS: the address of one is `prefix`, a slash, its name and `suffix`."""

    prefix: str
    suffix: str = ""
    region: str = "us-east-1"
    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeanstalkdQueues:
    """Tubes of a beanstalkd."""

    host: str
    port: int = 11300


QueueConnection = RedisQueues | DatabaseQueues | SqsQueues | BeanstalkdQueues


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One queue as its server tells it at one moment; see `engineroom.model.queue.Measurement` for the counts.

    `window` names the jobs that come next, in their order. `oldest_age_seconds` is None where no time is to be had.
    `arrived` and `finished` are counters since the server's start, where it keeps them.
    """

    waiting: int
    due: int = 0
    delayed: int = 0
    reserved: int = 0
    expired: int = 0
    at_least: bool = False
    window: Sequence[str] = ()
    oldest_age_seconds: float | None = None
    arrived: int | None = None
    finished: int | None = None
    failed: int | None = None


class Driver(Protocol):
    """A connection to one server. It connects when it is first asked, and again after it was lost."""

    async def snapshot(self, queue: str) -> Snapshot:
        """Return the queue as it is now, in a time that does not grow with it.

        Raises UnmeasurableQueueError when it is this queue alone, else UnmeasurableError, or whatever its client library
        raises.
        """

    async def close(self) -> None:
        """Disconnect."""
