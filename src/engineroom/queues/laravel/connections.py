"""Where the configuration of an application says that a queue is, read as the framework's connectors read it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from engineroom.queues import url
from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    QueueConnection,
    RedisQueues,
    SqsQueues,
    UnmeasurableError,
)
from engineroom.queues.laravel import redis
from engineroom.queues.laravel.settings import LaravelSettings, at, known_array, known_integer, known_text
from engineroom.queues.laravel.values import Array, Value

_WITHOUT_QUEUE = frozenset({"sync", "null", "deferred", "background", "failover"})
_DIALECTS = {"sqlite": "sqlite", "pgsql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_PORTS = {"postgresql": 5432, "mysql": 3306}
_SSL_CA = 1009
"""PDO::MYSQL_ATTR_SSL_CA."""
_RETRY_AFTER_SECONDS = 60
_BEANSTALKD_PORT = 11300


def connection(settings: LaravelSettings, name: str) -> tuple[QueueConnection, str]:
    """Return where the queues of a connection are, and the name of the one that is worked when none is named.

    Raises UnmeasurableError.
    """
    config = settings.connection(name)
    if config is None:
        if name in _WITHOUT_QUEUE:
            raise UnmeasurableError(_without_queue(name))
        raise UnmeasurableError(f"{settings.source} has no queue connection {name!r}; {_told(name)}")
    driver = known_text(at(config, "driver"))
    found = _DRIVERS.get(driver)
    if found is None:
        why = (
            _without_queue(name)
            if driver in _WITHOUT_QUEUE
            else f"its driver {driver!r} is not known; {_told(name)}"
        )
        raise UnmeasurableError(why)
    return found(settings, config), known_text(at(config, "queue")) or "default"


def _without_queue(name: str) -> str:
    return f"the queue connection {name!r} has no queue that could be measured"


def _told(name: str) -> str:
    variable = f"ENGINEROOM_QUEUE_{name.upper().replace('-', '_')}"
    return (
        f"tell where it is with the environment's variable {variable}, such as "
        "redis://127.0.0.1:6379/0?prefix=shop_database_"
    )


def _redis(settings: LaravelSettings, config: Array) -> RedisQueues:
    name = known_text(at(config, "connection")) or "default"
    return redis.connection(settings, name)


def _database(settings: LaravelSettings, config: Array) -> DatabaseQueues:
    name = known_text(at(config, "connection")) or known_text(at(settings.database, "default"))
    given = known_array(at(settings.database, "connections", name))
    if given is None:
        raise UnmeasurableError(
            f"{settings.source} has no database {name!r}, where its queue connection has its jobs"
        )
    database = _written(url.parsed(_known(given)))
    driver = known_text(at(database, "driver"))
    dialect = _DIALECTS.get(driver)
    if dialect is None:
        raise UnmeasurableError(
            f"a database of the kind {driver!r} cannot be measured; set ENGINEROOM_QUEUE_DATABASE"
        )
    prefix = known_text(at(database, "prefix"))
    common = DatabaseQueues(
        dialect=dialect,
        database=known_text(at(database, "database")),
        table=prefix + (known_text(at(config, "table")) or "jobs"),
        failed_table=_failed_table(settings, name, prefix),
        retry_after_seconds=_retry_after(config),
    )
    return _sqlite(settings, common) if dialect == "sqlite" else _server(common, database)


def _known(config: Array) -> Array:
    """Return a connection whose `url` is known: what it says otherwise depends on that."""
    at(config, "url")
    return config


def _written(config: Array) -> Array:
    """Return a connection as it is written to: the framework takes jobs there."""
    write = at(config, "write")
    if isinstance(write, dict):
        first = write.get(0)
        return {**config, **(first if isinstance(first, dict) else write)}
    return config


def _sqlite(settings: LaravelSettings, found: DatabaseQueues) -> DatabaseQueues:
    if not found.database or ":memory:" in found.database or "mode=memory" in found.database:
        raise UnmeasurableError(
            "its database is in the memory of each process, where nobody else sees the jobs"
        )
    return replace(found, database=str(settings.folder / found.database))


def _server(found: DatabaseQueues, config: Array) -> DatabaseQueues:
    postgresql = found.dialect == "postgresql"
    port = known_integer(at(config, "port")) or _PORTS[found.dialect]
    if not 0 < port < 1 << 16:
        raise UnmeasurableError(f"the port {port} of its database is none")
    return replace(
        found,
        host=_host(at(config, "host")),
        port=port,
        username=known_text(at(config, "username")) or None,
        password=known_text(at(config, "password")) or None,
        socket=None if postgresql else known_text(at(config, "unix_socket")) or None,
        search_path=_search_path(config) if postgresql else None,
        ssl_mode=(known_text(at(config, "sslmode")) or None) if postgresql else None,
        ssl_authorities=known_text(at(config, *(("sslrootcert",) if postgresql else ("options", _SSL_CA))))
        or None,
    )


def _host(value: Value) -> str:
    """Return the host; of several, which hold the same, the first."""
    return known_text(at(value, 0) if isinstance(value, dict) else value) or "127.0.0.1"


def _search_path(config: Array) -> str | None:
    given = at(config, "search_path") or at(config, "schema")
    names = [known_text(name) for name in given.values()] if isinstance(given, dict) else [known_text(given)]
    plain = [name.strip(" \"'") for joined in names for name in joined.split(",")]
    return ",".join(f'"{name}"' for name in plain if name) or None


def _failed_table(settings: LaravelSettings, database: str, prefix: str) -> str | None:
    """Return the table of failed jobs, when it is in the same database."""
    try:
        failed = at(settings.queue, "failed")
        kept_here = known_text(at(failed, "driver")).startswith("database") or at(failed, "driver") is None
        if kept_here and known_text(at(failed, "database")) == database and at(failed, "table"):
            return prefix + known_text(at(failed, "table"))
    except UnmeasurableError:
        pass
    return None


def _retry_after(config: Array) -> int:
    given = at(config, "retry_after")
    return _RETRY_AFTER_SECONDS if given is None else known_integer(given)


def _sqs(settings: LaravelSettings, config: Array) -> SqsQueues:
    del settings
    prefix = known_text(at(config, "prefix"))
    if "/your-account-id" in prefix:
        raise UnmeasurableError("SQS_PREFIX is not set; set it to https://sqs.REGION.amazonaws.com/ACCOUNT")
    return SqsQueues(
        prefix=prefix,
        suffix=known_text(at(config, "suffix")),
        region=known_text(at(config, "region")) or "us-east-1",
        key=known_text(at(config, "key")) or None,
        secret=known_text(at(config, "secret")) or None,
        session_token=known_text(at(config, "token")) or None,
    )


def _beanstalkd(settings: LaravelSettings, config: Array) -> BeanstalkdQueues:
    del settings
    port = known_integer(at(config, "port")) or _BEANSTALKD_PORT
    return BeanstalkdQueues(host=known_text(at(config, "host")) or "localhost", port=port)


_DRIVERS: Mapping[str, Callable[[LaravelSettings, Array], QueueConnection]] = {
    "redis": _redis,
    "database": _database,
    "sqs": _sqs,
    "beanstalkd": _beanstalkd,
}
