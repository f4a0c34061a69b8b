"""The engine: how queries reach the database, which threads run them, and when a write counts as done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from engineroom.store import audit, schema
from engineroom.store.errors import StoreError
from engineroom.store.threads import Reader, Writer

_READERS = 2
_BUSY_TIMEOUT_MILLISECONDS = 15_000

Result = TypeVar("Result")


class Store:
    """The database of one engineroom. Queries are functions of a connection; the store decides where they run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(engineroom_writes=True)
        self._readers = Reader(engine, threads=_READERS)
        self._writer = Writer(self._writing)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return the store in the SQLite file `path`, made when it is not there, with the newest schema.

        Raises OSError when the file cannot be made, and StoreError when what is in it cannot be used.
        """
        # The file holds tokens' hashes and applications' variables: nobody else may read it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        store = cls(_sqlite_engine(path))
        try:
            store._migrate()
        except DBAPIError as error:
            store.close()
            raise StoreError(
                f"cannot use the database {path}: {error.orig}; restore it from a copy, or use another data folder"
            ) from None
        except StoreError:
            store.close()
            raise
        return store

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` reads; it runs in a thread, on one consistent state of the database."""
        return await self._readers.run(function)

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` returns once what it wrote is on disk; when it raises, nothing of it is written.

        Within `audit.attributed` the write is recorded in the audit trail, in the same transaction.
        """
        return await self._writer.run(audit.recorded(function))

    def close(self) -> None:
        """Finish the writes that wait, stop the threads and close the database."""
        self._writer.close()
        self._readers.close()
        self._engine.dispose()

    def _migrate(self) -> None:
        with self._engine.connect() as connection:
            current = schema.is_current(connection)
        if not current:
            with self._writing.begin() as connection:
                schema.migrate(connection)


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver begins transactions only before changes, and then not before schema changes: _begin_sqlite does it.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        # FULL: a commit is on disk before it is acknowledged, also through a power cut.
        "synchronous = FULL",
        f"busy_timeout = {_BUSY_TIMEOUT_MILLISECONDS}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a writer waits for its turn at once; one that first reads and then writes would fail with "locked".
    writes = connection.get_execution_options().get("engineroom_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
