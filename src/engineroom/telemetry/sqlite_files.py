"""SQLite files of ours: opened whole or not at all, and told from those that hold nothing of use."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_UNUSABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA)
_PRIMARY = 0xFF
"""Of an error's code, the part that says what kind it is."""


def connect(path: Path, pragmas: Iterable[str], *, busy_timeout_seconds: float = 5.0) -> sqlite3.Connection:
    """Return a connection to the file, made when it is not there. Raises sqlite3.Error when it cannot be used."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout_seconds, isolation_level=None, check_same_thread=False
    )
    with closed_on_error(connection):
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Have all that is done here be written, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it by itself after some errors, such as a full disk
            connection.execute("ROLLBACK")
        raise


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close the connection when what is done here fails, before another file takes the place of its own."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def is_unusable(error: sqlite3.DatabaseError) -> bool:
    """Return whether nothing can be done with the file; a full disk, say, or a lock leaves it as good as it was."""
    return (error.sqlite_errorcode & _PRIMARY) in _UNUSABLE
