"""What every kind of queue answers, and where it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from engineroom.sandbox.wording import in_a_line


class UnmeasurableError(Exception):
    """A queue cannot be measured: why, and what to do about it."""

    def __init__(self, why: str) -> None:
        super().__init__(in_a_line(why))


class UnmeasurableQueueError(UnmeasurableError):
    """This queue cannot be measured, though its server answers; its other queues may be."""


class Layout(StrEnum):
    """Which keys a queue has in Redis, by whose queue it is."""

    LARAVEL = "laravel"
    LIST = "list"
    """The list that has the queue's very name, whoever keeps it."""
    CELERY = "celery"
    RQ = "rq"
    BULLMQ = "bullmq"
    SIDEKIQ = "sidekiq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a server shows that it is the right one: by the host's authorities, or those in `authorities` (PEM).

    With `verify` off it need not; without `verify_name` its certificate may be another host's.
    """

    authorities: str | None = None
    verify: bool = True
    verify_name: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisQueues:
    """Queues in Redis. `prefix` is what the connection puts before every key.

    With `hash_tag` a queue's name stands in braces, so that a cluster keeps its keys together (framework 13.5 and later).
    `certain` says that the application itself tells the prefix, so that an empty queue is no sign of a wrong one.
    """

    host: str
    port: int = 6379
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    socket: str | None = None
    tls: Tls | None = None
    cluster: bool = False
    hash_tag: bool = False
    prefix: str = ""
    layout: Layout = Layout.LARAVEL
    certain: bool = False

    @property
    def server(self) -> str:
        """What people call the server; never a password."""
        place = self.socket or f"{self.host}:{self.port}"
        return f"Redis at {place}, database {self.database}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseQueues:
    """Laravel's queues in a table. `dialect` is `sqlite`, `postgresql` or `mysql`; `database` is a file for SQLite.

    `search_path` and `ssl_mode` are PostgreSQL's; with `ssl_authorities`, a file, MySQL's server must have one of these.
    """

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
    search_path: str | None = None
    ssl_mode: str | None = None
    ssl_authorities: str | None = None

    @property
    def server(self) -> str:
        """What people call the server; never a password."""
        place = f"{self.host}:{self.port}/" if self.dialect != "sqlite" else ""
        return f"the {self.dialect} table {self.table} in {place}{self.database}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsQueues:
    """Queues at Amazon SQS: the address of one is `prefix`, a slash, its name and `suffix`."""

    prefix: str
    suffix: str = ""
    region: str = "us-east-1"
    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def server(self) -> str:
        """What people call the server; never a password."""
        return f"SQS at {self.prefix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeanstalkdQueues:
    """Tubes of a beanstalkd."""

    host: str
    port: int = 11300

    @property
    def server(self) -> str:
        """What people call the server; never a password."""
        return f"beanstalkd at {self.host}:{self.port}"


QueueConnection = RedisQueues | DatabaseQueues | SqsQueues | BeanstalkdQueues


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One queue as its server tells it at one moment; see `engineroom.model.queue.Measurement` for the counts.

    `window` names the jobs that come next, in their order. `oldest_age_seconds` is None where no time is to be had.
    `arrived` and `finished` are counters since the server's start, where it keeps them. `doubt` is what could not be made
    sure of, in words.
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
    doubt: str = ""


class Driver(Protocol):
    """A connection to one server. It connects when it is first asked, and again after it was lost."""

    async def snapshot(self, queue: str) -> Snapshot:
        """Return the queue as it is now, in a time that does not grow with it.

        Raises UnmeasurableQueueError when it is this queue alone, else UnmeasurableError, or whatever its client library
        raises.
        """

    def remember(self, queue: str) -> None:
        """Know that there was something in this queue before, as a driver has seen that is no more."""

    async def close(self) -> None:
        """Disconnect."""
