"""Transactions, so that reading and writing mean the same on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Transaction, text
from sqlalchemy.exc import OperationalError

_WRITER_LOCK = 0x656E67726F6F6D
"""The number of the lock that every writer holds; it spells `engroom`."""


class CommitUnansweredError(OperationalError):
    """The database was asked to commit, and did not answer: it may have."""


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


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
