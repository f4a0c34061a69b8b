"""SQLite and PostgreSQL: how each is connected to, so that the same queries mean the same on both."""

import os
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from engineroom.store.errors import StoreError

_BUSY_TIMEOUT_MILLISECONDS = 15_000
_CONNECT_TIMEOUT_SECONDS = 10
_LONGEST_LOG_PAGES = 8_000
_WRITER_LOCK = 0x656E67726F6F6D
"""The number of the lock that every writer holds; it spells `engroom`."""

WRITES = {"engineroom_writes": True}
"""The execution options of a connection that writes."""


def sqlite_engine(path: Path) -> Engine:
    """Return the engine of a SQLite file, made when it is not there. Raises OSError when it cannot be made."""
    # The file holds tokens' hashes: nobody else may read it.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = create_engine(URL.create("sqlite", database=str(path)), **_JSON)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def postgresql_engine(url: URL) -> Engine:
    """Return the engine of a PostgreSQL database. Raises StoreError when its driver is not installed."""
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            # A connection that a restart of the database has ended is replaced before it is used.
            pool_pre_ping=True,
            connect_args={
                "options": "-c timezone=utc -c synchronous_commit=on",
                "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
            },
            **_JSON,
        )
    except ModuleNotFoundError:
        raise StoreError(
            "cannot use PostgreSQL: its driver is not installed; install engineroom[postgresql]"
        ) from None
    event.listen(engine, "begin", _begin_postgresql)
    return engine


_JSON: dict[str, Any] = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver begins transactions only before changes, and then not before schema changes: _begin_sqlite does it.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        # FULL: a commit is on disk before it is acknowledged, also through a power cut.
        "synchronous = FULL",
        # What is copied beside the writer (`checkpoints.py`) leaves little for the commit that comes to this many pages.
        f"wal_autocheckpoint = {_LONGEST_LOG_PAGES}",
        f"busy_timeout = {_BUSY_TIMEOUT_MILLISECONDS}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a writer waits for its turn at once; one that first reads and then writes would fail with "locked".
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    """Let one writer in at a time, as SQLite does, also of another server; give readers one state of the database."""
    if _writes(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK})
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("engineroom_writes", False))
