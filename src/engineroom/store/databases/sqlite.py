"""SQLite: how its file is opened, and what each connection is told."""

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from engineroom.store.databases.json_columns import JSON

BUSY_TIMEOUT_MILLISECONDS = 5_000
"""Nobody of ours holds the lock for longer than some milliseconds; who asks over HTTP is to hear before he gives up."""
_MAX_LOG_PAGES = 8_000


def sqlite_engine(path: Path, *, busy_timeout_milliseconds: int = BUSY_TIMEOUT_MILLISECONDS) -> Engine:
    """Return the engine of a SQLite file, made when it is not there. Raises OSError when it cannot be made."""
    # The file holds tokens' hashes: nobody else may read it.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    # A connection must not make the file anew where it was removed: it would be empty.
    url = URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(url, **JSON)

    def prepare(connection: Any, _record: object) -> None:
        _prepare(connection, busy_timeout_milliseconds)

    event.listen(engine, "connect", prepare)
    return engine


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


def _prepare(connection: Any, busy_timeout_milliseconds: int) -> None:
    # Python's driver begins transactions only before changes, and then not before schema changes: `reading` and
    # `writing` do it. SQLAlchemy's event for it would make it look for listeners with every statement.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        # FULL: a commit is on disk before it is acknowledged, also through a power cut.
        "synchronous = FULL",
        # What is copied beside the writer (`checkpoints.py`) leaves little for the commit that comes to this many pages.
        f"wal_autocheckpoint = {_MAX_LOG_PAGES}",
        f"busy_timeout = {busy_timeout_milliseconds}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
