"""SQLite and PostgreSQL: how each is connected to, so that the same queries mean the same on both."""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy import URL, Connection, Engine, Insert, Table, Transaction, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from engineroom.store.databases.patience import patient_connection
from engineroom.store.errors import StoreError

_BUSY_TIMEOUT_MILLISECONDS = 15_000
_POSTGRESQL_OPTIONS = (
    "timezone=utc",
    "synchronous_commit=on",
    "statement_timeout=8s",
    "lock_timeout=8s",
    # Whoever hangs in the middle of a write must not keep all others from theirs.
    "idle_in_transaction_session_timeout=30s",
)
_POSTGRESQL_TIMES = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
"""In seconds, but for the milliseconds of `tcp_user_timeout` (section 34.1.2 of PostgreSQL's manual)."""
_MAX_LOG_PAGES = 8_000

_WRITER_LOCK = 0x656E67726F6F6D
"""The number of the lock that every writer holds; it spells `engroom`."""


class CommitUnansweredError(OperationalError):
    """The database was asked to commit, and did not answer: it may have."""


def sqlite_engine(path: Path) -> Engine:
    """Return the engine of a SQLite file, made when it is not there. Raises OSError when it cannot be made."""
    # The file holds tokens' hashes: nobody else may read it.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    # A connection must not make the file anew where it was removed: it would be empty.
    url = URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(url, **_JSON)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def postgresql_engine(url: URL) -> Engine:
    """Return the engine of a PostgreSQL database. Raises StoreError when its driver is not installed."""
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            # A connection that a restart of the database has ended is replaced before it is used.
            pool_pre_ping=True,
            connect_args={
                "options": " ".join(f"-c {option}" for option in _POSTGRESQL_OPTIONS),
                **_POSTGRESQL_TIMES,
            },
            **_JSON,
        )
    except ModuleNotFoundError:
        raise StoreError(
            "cannot use PostgreSQL: its driver is not installed; install engineroom[postgresql]"
        ) from None
    event.listen(engine, "do_connect", _connect_patiently)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database, until it is rolled back (`begin_reading` begins anew)."""
    with engine.connect() as connection:
        begin_reading(connection)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection that may write, and commit it at the end, unless it was rolled back or something is raised.

    One at a time is let in, also of another process, and on PostgreSQL of another server. Raises CommitUnansweredError
    when it is not known whether it was committed.
    """
    with engine.connect() as connection, connection.begin() as transaction:
        if _is_sqlite(connection):
            # A writer waits for its turn at once; one that first reads and then writes would fail with "locked".
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK})
        yield connection
        if transaction.is_active:
            _commit(transaction)


def _commit(transaction: Transaction) -> None:
    try:
        transaction.commit()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "SQLite says it itself") is None:
            # Not the server's words: it may have committed, and its answer be lost with the connection.
            raise CommitUnansweredError(error.statement, error.params, error.orig) from error  # type: ignore[arg-type]
        raise


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of these rows whose `id` is not in the table: a write that is repeated stores nothing twice."""
    if rows:
        connection.execute(_insert_new(table, connection.dialect.name), rows)


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=["id"])
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=["id"])


def do_alone(engine: Engine, *statements: str) -> None:
    """Have SQLite do what it only does outside of any transaction. Raises DBAPIError, as all that asks the database does."""
    try:
        connection = engine.raw_connection()
        try:
            for statement in statements:
                connection.cursor().execute(statement)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise OperationalError(statement=None, params=None, orig=error) from error


def begin_reading(connection: Connection) -> None:
    """Have a connection see one state of the database from now on."""
    isolation = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    connection.exec_driver_sql("BEGIN" if _is_sqlite(connection) else isolation)


def without_time_limits(connection: Connection) -> None:
    """Let the transaction of this connection take as long as it takes, as a migration may; then close the connection."""
    if not _is_sqlite(connection):
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.connection.driver_connection.wait_seconds = None  # type: ignore[union-attr]
        # Nobody else is to get a connection without limits.
        connection.detach()


def _connect_patiently(_dialect: object, _record: object, arguments: Any, options: Any) -> Any:
    return patient_connection().connect(*arguments, **options)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


_JSON: dict[str, Any] = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver begins transactions only before changes, and then not before schema changes: `reading` and
    # `writing` do it. SQLAlchemy's event for it would make it look for listeners with every statement.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        # FULL: a commit is on disk before it is acknowledged, also through a power cut.
        "synchronous = FULL",
        # What is copied beside the writer (`checkpoints.py`) leaves little for the commit that comes to this many pages.
        f"wal_autocheckpoint = {_MAX_LOG_PAGES}",
        f"busy_timeout = {_BUSY_TIMEOUT_MILLISECONDS}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
