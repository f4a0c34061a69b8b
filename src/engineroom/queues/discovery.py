"""Where an application's queues are, found as the application finds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engineroom.queues import address, dotenv, framework
from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    QueueConnection,
    RedisQueues,
    SqsQueues,
    UnmeasurableError,
)
from engineroom.queues.dotenv import Variables

_UNMEASURABLE = ("sync", "null", "deferred", "background", "failover")
_DATABASE_URLS = ("DB_URL", "DATABASE_URL")
_PORTS = {"mysql": 3306, "mariadb": 3306, "pgsql": 5432}
_DIALECTS = {"sqlite": "sqlite", "pgsql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a worker takes its jobs from: the connection, and the names of the queues, first come first."""

    connection: QueueConnection
    queues: tuple[str, ...]


def find(folder: Path, variables: Mapping[str, str], connection: str | None, queues: str | None) -> Place:
    """Return where a worker with this `connection` and `queue` takes its jobs from.

    Raises UnmeasurableError, with what to do, when that cannot be told, and OSError when the `.env` cannot be read.
    """
    found = _Finder(folder, Variables({**dotenv.read(folder / ".env"), **variables}))
    return found.place(connection, queues)


class _Finder:
    """The variables of one application, and where they say that its queues are."""

    def __init__(self, folder: Path, variables: Variables) -> None:
        self._folder = folder
        self._variables = variables
        self._kinds: Mapping[str, Callable[[], tuple[QueueConnection, str]]] = {
            "redis": self._redis,
            "database": self._database,
            "sqs": self._sqs,
            "beanstalkd": self._beanstalkd,
        }

    def place(self, connection: str | None, queues: str | None) -> Place:
        name = connection or self._variables.get("QUEUE_CONNECTION") or self._default_connection()
        where, default_queue = self._where(name)
        # Split as a worker does it, which takes a blank after a comma for a part of the name.
        names = (queues or default_queue).split(",")
        return Place(connection=where, queues=tuple(queue for queue in names if queue))

    def _where(self, name: str) -> tuple[QueueConnection, str]:
        variable = f"ENGINEROOM_QUEUE_{name.upper().replace('-', '_')}"
        given = self._variables.get(variable)
        if given:
            return address.parse(given, variable, self._sqs_with), "default"
        if name in _UNMEASURABLE:
            raise UnmeasurableError(f"the queue connection {name!r} has no queue that could be measured")
        kind = self._kinds.get(name)
        if kind is None:
            raise UnmeasurableError(
                f"the queue connection {name!r} is none of the framework's own; tell where it is with the environment's "
                f"variable {variable}, such as redis://127.0.0.1:6379/0?prefix=shop_database_"
            )
        return kind()

    def _default_connection(self) -> str:
        return "database" if self._major() >= 11 else "sync"

    def _major(self) -> int:
        return framework.version(self._folder)[0]

    def _redis(self) -> tuple[QueueConnection, str]:
        get = self._variables.get
        name = self._variables.text("REDIS_QUEUE_CONNECTION", "default")
        if name not in {"default", "cache"}:
            raise UnmeasurableError(
                f"the Redis connection {name!r} is none of the framework's own; set ENGINEROOM_QUEUE_REDIS"
            )
        base = RedisQueues(
            host=self._variables.text("REDIS_HOST", "127.0.0.1"),
            port=self._variables.number("REDIS_PORT", 6379),
            database=self._variables.number("REDIS_CACHE_DB", 1)
            if name == "cache"
            else self._variables.number("REDIS_DB", 0),
            username=get("REDIS_USERNAME") or None,
            password=get("REDIS_PASSWORD") or None,
            prefix=self._redis_prefix(),
        )
        found = address.redis_at(base, get("REDIS_URL") or "", get("REDIS_SCHEME") or "")
        return found, self._variables.text("REDIS_QUEUE", "default")

    def _redis_prefix(self) -> str:
        given = self._variables.get("REDIS_PREFIX")
        if given is not None:
            return given
        return framework.redis_prefix(self._variables.text("APP_NAME", "laravel"), self._major())

    def _database(self) -> tuple[QueueConnection, str]:
        default = self._variables.get("DB_CONNECTION") or ("sqlite" if self._major() >= 11 else "mysql")
        name = self._variables.get("DB_QUEUE_CONNECTION") or default
        url = next((found for found in map(self._variables.get, _DATABASE_URLS) if found), "")
        if name not in _DIALECTS:
            raise UnmeasurableError(
                f"a database of the kind {name!r} cannot be measured; set ENGINEROOM_QUEUE_DATABASE"
            )
        base = DatabaseQueues(
            dialect=_DIALECTS[name],
            database=self._database_name(name),
            host=None if name == "sqlite" else self._variables.text("DB_HOST", "127.0.0.1"),
            port=None if name == "sqlite" else self._variables.number("DB_PORT", _PORTS[name]),
            username=self._variables.get("DB_USERNAME", "root" if name != "sqlite" else None),
            password=self._variables.get("DB_PASSWORD") or None,
            socket=self._variables.get("DB_SOCKET") or None if name in {"mysql", "mariadb"} else None,
            table=self._variables.text("DB_QUEUE_TABLE", "jobs"),
            retry_after_seconds=self._variables.number("DB_QUEUE_RETRY_AFTER", 90),
        )
        found = address.database_at(base, url) if url else base
        return found, self._variables.text("DB_QUEUE", "default")

    def _database_name(self, name: str) -> str:
        if name == "sqlite":
            return str(self._folder / self._variables.text("DB_DATABASE", "database/database.sqlite"))
        return self._variables.get("DB_DATABASE") or ("laravel" if self._major() >= 11 else "forge")

    def _sqs(self) -> tuple[QueueConnection, str]:
        prefix = self._variables.get("SQS_PREFIX")
        if not prefix:
            raise UnmeasurableError(
                "SQS_PREFIX is not set; set it to https://sqs.REGION.amazonaws.com/ACCOUNT"
            )
        return self._sqs_with(prefix), self._variables.text("SQS_QUEUE", "default")

    def _sqs_with(self, prefix: str) -> SqsQueues:
        return SqsQueues(
            prefix=prefix,
            suffix=self._variables.get("SQS_SUFFIX") or "",
            region=self._variables.text("AWS_DEFAULT_REGION", "us-east-1"),
            key=self._variables.get("AWS_ACCESS_KEY_ID") or None,
            secret=self._variables.get("AWS_SECRET_ACCESS_KEY") or None,
            session_token=self._variables.get("AWS_SESSION_TOKEN") or None,
        )

    def _beanstalkd(self) -> tuple[QueueConnection, str]:
        host = self._variables.text("BEANSTALKD_QUEUE_HOST", "localhost")
        return BeanstalkdQueues(host=host), self._variables.text("BEANSTALKD_QUEUE", "default")
