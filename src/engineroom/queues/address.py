"""Addresses of queues, as one line of text."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from engineroom.queues import url
from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    Layout,
    QueueConnection,
    RedisQueues,
    SqsQueues,
    Tls,
    UnmeasurableError,
)
from engineroom.queues.certificates import authorities
from engineroom.queues.laravel.settings import known_text
from engineroom.queues.laravel.values import Array

_REDIS = frozenset({"tcp", "tls", "unix"})
_DATABASES = {"sqlite": "sqlite", "pgsql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_PORTS = {"postgresql": 5432, "mysql": 3306}
_EXAMPLE = "give one such as redis://127.0.0.1:6379/0?prefix=shop_database_"


def parse(
    text: str, variable: str, sqs: Callable[[str], SqsQueues], folder: Path, layout: Layout
) -> QueueConnection:
    """Return the connection at an address that somebody gave in `variable`.

    `sqs` makes one of the part before a queue's name; `layout` is that of a Redis of which the address does not say whose
    queues it has. Raises UnmeasurableError for what is no address of queues.
    """
    try:
        if text.lower().startswith(("http://", "https://")):
            return sqs(text)
        return _parsed(_Address(text), folder, layout)
    except UnmeasurableError as error:
        raise UnmeasurableError(f"{variable} is no address of queues ({error}); {_EXAMPLE}") from None


class _Address:
    """What an address says."""

    def __init__(self, text: str) -> None:
        # A socket has no host, and a file neither.
        path = text.partition("://")[2].partition("?")[0] if text.startswith("unix://") else ""
        self._found: Array = url.options(text.replace("unix://", "unix://socket", 1) if path else text)
        self.socket = unquote(path)

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def text(self, name: str, default: str = "") -> str:
        """Return what is said of this, as a text."""
        return known_text(self._found.get(name, default))

    def integer(self, name: str, default: int) -> int:
        """Return what is said of this, as a number. Raises UnmeasurableError when it is none."""
        given = self.text(name, str(default))
        if not re.fullmatch("[0-9]{1,9}", given):
            raise UnmeasurableError(f"{name} is no number")
        return int(given)

    def holds(self, name: str, *, default: bool) -> bool:
        """Return what is said of this, 0 or 1."""
        return self.integer(name, int(default)) == 1


def _parsed(address: _Address, folder: Path, layout: Layout) -> QueueConnection:
    kind = address.text("driver")
    if kind in _REDIS:
        return _redis(address, kind, folder, layout)
    if kind in _DATABASES:
        return _database(address, _DATABASES[kind])
    if kind == "beanstalkd":
        return BeanstalkdQueues(host=address.text("host"), port=address.integer("port", 11300))
    raise UnmeasurableError(f"it begins with {kind!r}")


def _redis(address: _Address, kind: str, folder: Path, layout: Layout) -> RedisQueues:
    tls = Tls(
        authorities=authorities(folder, address.text("cafile")),
        verify=address.holds("verify", default=True),
        verify_name=address.holds("verify_name", default=True),
    )
    return RedisQueues(
        host=address.text("host"),
        port=address.integer("port", 6379),
        database=0 if address.socket else address.integer("database", 0),
        username=address.text("username") or None,
        password=address.text("password") or None,
        socket=address.socket or None,
        tls=tls if kind == "tls" else None,
        cluster=address.holds("cluster", default=False),
        hash_tag=address.holds("hash_tag", default=False),
        prefix=address.text("prefix"),
        layout=_layout(address, layout),
    )


def _layout(address: _Address, layout: Layout) -> Layout:
    """Return whose queues they are: as the address says, or Laravel's where it has a prefix such as Laravel's."""
    if "framework" not in address:
        return Layout.LARAVEL if "prefix" in address else layout
    given = address.text("framework")
    try:
        return Layout(given)
    except ValueError:
        known = ", ".join(Layout)
        raise UnmeasurableError(f"framework={given} is not known, but these are: {known}") from None


def _database(address: _Address, dialect: str) -> DatabaseQueues:
    found = DatabaseQueues(
        dialect=dialect,
        database=address.text("database"),
        table=address.text("table", "jobs"),
        failed_table=address.text("failed_table", "failed_jobs") or None,
        retry_after_seconds=address.integer("retry_after", 90),
    )
    if dialect == "sqlite":
        return replace(found, database="/" + found.database.lstrip("/"))
    return replace(
        found,
        host=address.text("host"),
        port=address.integer("port", _PORTS[dialect]),
        username=address.text("username") or None,
        password=address.text("password") or None,
    )
