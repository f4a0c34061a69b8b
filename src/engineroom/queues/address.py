"""Addresses of queues, as one line of text."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    QueueConnection,
    RedisQueues,
    SqsQueues,
    UnmeasurableError,
)

_REDIS = frozenset({"redis", "rediss", "tcp", "tls", "unix"})
_DATABASES = {
    "sqlite": "sqlite",
    "pgsql": "postgresql",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
}
_PORTS = {"postgresql": 5432, "mysql": 3306}


def parse(text: str, variable: str, sqs: Callable[[str], SqsQueues]) -> QueueConnection:
    """Return the connection at an address that somebody gave in `variable`.

    `sqs` makes one of the part before a queue's name. Raises UnmeasurableError for what is no address of queues.
    """
    try:
        parts = urlsplit(text)
        options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return _parsed(text, parts, options, sqs)
    except ValueError as error:
        raise UnmeasurableError(
            f"{variable} is no address of queues ({error}); give one such as redis://127.0.0.1:6379/0?prefix=shop_database_"
        ) from None


def _parsed(
    text: str, parts: SplitResult, options: Mapping[str, str], sqs: Callable[[str], SqsQueues]
) -> QueueConnection:
    if parts.scheme in _REDIS:
        base = RedisQueues(
            host="127.0.0.1",
            prefix=options.get("prefix", ""),
            cluster=options.get("cluster", "0") == "1",
            hash_tag=options.get("hash_tag", "0") == "1",
        )
        return redis_at(base, text, "")
    if parts.scheme in _DATABASES:
        default = DatabaseQueues(
            dialect=_DATABASES[parts.scheme],
            database="",
            table=options.get("table", "jobs"),
            failed_table=options.get("failed_table", "failed_jobs") or None,
            retry_after_seconds=int(options.get("retry_after", "90")),
        )
        return database_at(default, text)
    if parts.scheme in {"http", "https"}:
        return sqs(text)
    if parts.scheme == "beanstalkd" and parts.hostname:
        return BeanstalkdQueues(host=parts.hostname, port=parts.port or 11300)
    raise ValueError(f"it begins with {parts.scheme or text[:10]!r}")


def redis_at(base: RedisQueues, url: str, scheme: str) -> RedisQueues:
    """Return `base` with what the address says; a host may carry the scheme, or be the path of a socket."""
    if url:
        base, scheme = _redis_with(base, urlsplit(url), scheme)
    host = base.host
    if "://" in host:
        scheme, _, host = host.partition("://")
    if host.startswith("/"):
        return replace(base, socket=host)
    return replace(base, host=host, tls=scheme in {"tls", "rediss", "ssl"})


def _redis_with(base: RedisQueues, parts: SplitResult, scheme: str) -> tuple[RedisQueues, str]:
    if parts.scheme == "unix":
        return replace(base, host=parts.path), scheme
    number = parts.path.strip("/")
    found = replace(
        base,
        host=parts.hostname or base.host,
        port=parts.port or base.port,
        database=int(number) if number else base.database,
        username=unquote(parts.username) if parts.username else base.username,
        password=unquote(parts.password) if parts.password else base.password,
    )
    return found, parts.scheme or scheme


def database_at(base: DatabaseQueues, url: str) -> DatabaseQueues:
    """Return `base` with what the address says. Raises UnmeasurableError for a database that cannot be measured."""
    parts = urlsplit(url)
    dialect = _DATABASES.get(parts.scheme)
    if dialect is None:
        raise UnmeasurableError(f"a database of the kind {parts.scheme!r} cannot be measured")
    if dialect == "sqlite":
        return replace(base, dialect=dialect, database=unquote(parts.path), host=None, port=None)
    return replace(
        base,
        dialect=dialect,
        database=unquote(parts.path.lstrip("/")) or base.database,
        host=parts.hostname or base.host,
        port=parts.port or (base.port if dialect == base.dialect else None) or _PORTS[dialect],
        username=unquote(parts.username) if parts.username else base.username,
        password=unquote(parts.password) if parts.password else base.password,
    )
