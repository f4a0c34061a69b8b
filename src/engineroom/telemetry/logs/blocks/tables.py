"""The file that the log is kept in: an SQLite database of its own, whose rows are blocks.

SQLite gives what a file format of our own would have to prove: a batch and the positions up to which output was read are
on disk together or not at all, a torn tail is found by its checksum, what is removed leaves room for what comes.
"""

import sqlite3
from enum import StrEnum
from pathlib import Path

from engineroom.telemetry import sqlite_files

_VERSION = 1
_PAGE_BYTES = 16384
_LOG_PAGES = 256
"""Of SQLite's write-ahead log, before it is copied into the file: 4 MB."""
_BUSY_TIMEOUT_SECONDS = 15.0

_SCHEMA = """
CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    background_process TEXT NOT NULL UNIQUE,
    instance TEXT NOT NULL,
    environment TEXT NOT NULL
);
CREATE INDEX owners_of_environment ON owners (environment);
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    earliest INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    first_order INTEGER NOT NULL,
    last_order INTEGER NOT NULL,
    codes INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    size INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    indexed INTEGER NOT NULL
);
CREATE INDEX blocks_of_owner ON blocks (owner, first);
CREATE INDEX blocks_by_age ON blocks (latest);
CREATE TABLE texts (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE letters (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE numbers (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE positions (
    process TEXT NOT NULL,
    stream TEXT NOT NULL,
    offset INTEGER NOT NULL,
    PRIMARY KEY (process, stream)
) WITHOUT ROWID;
CREATE TABLE counts (owner INTEGER PRIMARY KEY, last INTEGER NOT NULL, last_order INTEGER NOT NULL);
"""
_FACTS = "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"
"""Not part of a version: who does not know it leaves it alone."""


class Fact(StrEnum):
    """What is remembered of the log as a whole."""

    NOTED_AT = "noted_at"
    """The latest moment of the entries that nobody printed."""

    DROPPED_BYTES = "dropped_bytes"
    """How much was removed, as the disk was full, and not notified of yet."""

    DROPPED_UNTIL = "dropped_until"
    """The latest moment of that."""


def fact(connection: sqlite3.Connection, name: Fact) -> int:
    """Return what is remembered; 0 where it is nothing."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])


def set_fact(connection: sqlite3.Connection, name: Fact, value: int) -> None:
    """Remember it, in the transaction that is under way."""
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection to the file, made when it is not there. Raises sqlite3.Error when it cannot be used."""
    pragmas = (
        f"page_size = {_PAGE_BYTES}",
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        # FULL: what is acknowledged to the keeper, and given up by it, is on disk, also through a power cut.
        "synchronous = FULL",
        f"wal_autocheckpoint = {_LOG_PAGES}",
    )
    return sqlite_files.connect(path, pragmas, busy_timeout_seconds=_BUSY_TIMEOUT_SECONDS)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads, and needs no room on the disk for it. Raises sqlite3.Error."""
    pragmas = "query_only = ON", "temp_store = MEMORY"
    return sqlite_files.connect(path, pragmas, busy_timeout_seconds=_BUSY_TIMEOUT_SECONDS)


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables where there are none. Raises sqlite3.DatabaseError for those of another version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT")
    else:
        _require_known(version)
    connection.execute(_FACTS)


def _require_known(version: int) -> None:
    if version != _VERSION:
        error = sqlite3.DatabaseError(f"it has version {version}, and this engineroom knows {_VERSION}")
        error.sqlite_errorcode = sqlite3.SQLITE_SCHEMA
        raise error
