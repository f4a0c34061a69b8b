"""The store: which database queries reach, which threads run them, and when a write counts as done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

import structlog
from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from engineroom.store import audit, schema, sealing
from engineroom.store.checkpoints import Checkpoints
from engineroom.store.databases import is_full, postgresql_engine, reading, sqlite_engine, writing
from engineroom.store.errors import NoRoomError, StoreError
from engineroom.store.secrets import Keyring
from engineroom.store.threads import Reader, Writer

_READERS = 2

_log = structlog.get_logger()

Result = TypeVar("Result")


class Store:
    """The database of one engineroom. Queries are functions of a connection; the store decides where they run.

    `host` is the name of this host among those whose servers work on the database, None where there can be only one.
    """

    def __init__(self, engine: Engine, keyring: Keyring, host: str | None = None) -> None:
        self.host = host
        self._engine = engine
        self._keyring = keyring
        # The type of what is sealed finds the keys there: an engine's dialect is its own.
        engine.dialect.engineroom_keyring = keyring  # type: ignore[attr-defined]
        self._readers = Reader(engine, threads=_READERS)
        self._checkpoints = Checkpoints(engine) if engine.dialect.name == "sqlite" else None
        self._writer = Writer(engine, self._checkpoints.written if self._checkpoints else _nothing)

    @classmethod
    def open(cls, path: Path, keyring: Keyring | None = None) -> Self:
        """Return the store in the SQLite file `path`, made when it is not there, with the newest schema.

        The keys are in a file beside it unless others are given. Raises OSError when the file cannot be made, and
        StoreError when what is in it cannot be used.
        """
        keys = keyring or Keyring(path.with_name("secrets.key"))
        store = cls(sqlite_engine(path), keys)
        store._prepare(str(path))
        return store

    @classmethod
    def connect(cls, address: str, keyring: Keyring, host: str) -> Self:
        """Return the store in the PostgreSQL database at `postgresql://…`, with the newest schema.

        Raises StoreError when it cannot be used.
        """
        url = _url(address)
        store = cls(postgresql_engine(url), keyring, host)
        store._prepare(url.render_as_string(hide_password=True))
        return store

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` reads; it runs in a thread, on one consistent state of the database."""
        return await self._readers.run(function)

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` returns once what it wrote is on disk; when it raises, nothing of it is written.

        It may be run once more before that, on a state without what it wrote. Within `audit.attributed` the write is
        recorded in the audit trail, in the same transaction. Raises NoRoomError when the disk is full.
        """
        with self._room_told():
            return await audit.recorded(self._writer.run, function)

    def close(self) -> None:
        """Finish the writes that wait, stop the threads and close the database."""
        self._writer.close()
        self._readers.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        self._engine.dispose()

    def rotate_key(self) -> sealing.Resealed:
        """Make a new key and seal everything with it; return how much that was. Raises KeyringError and NoRoomError.

        Wherever it is interrupted, everything can be read as before: the older keys stay.
        """
        self._keyring.rotate()
        with self._room_told():
            return sealing.reseal(self._engine, self._keyring)

    @contextmanager
    def _room_told(self) -> Iterator[None]:
        """Raise NoRoomError in the place of the driver's own error."""
        try:
            yield
        except DBAPIError as error:
            if not is_full(error):
                raise
            database = self._engine.url.database
            _log.error("The disk of the database is full.", action="store.full", database=database)
            raise NoRoomError(
                "Nothing was changed: the disk of engineroom's database is full. Make room on it, then ask again."
            ) from error

    def _prepare(self, name: str) -> None:
        """See that schema and keys are as they have to be, or close the store. Raises StoreError."""
        try:
            self._migrate()
            with reading(self._engine) as connection:
                found = sealing.key_ids(connection)
            self._keyring.require(found)
            self._keyring.keep()
        except DBAPIError as error:
            self.close()
            raise StoreError(
                f"cannot use the database {name}: {str(error.orig).strip()}; restore it from a copy, or name another one"
            ) from None
        except BaseException:
            self.close()
            raise

    def _migrate(self) -> None:
        with reading(self._engine) as connection:
            current = schema.is_current(connection)
        if current:
            return
        self._keyring.keep()
        with writing(self._engine) as connection:
            schema.migrate(connection)
        if self._engine.dialect.name == "sqlite":
            self._compact()

    def _compact(self) -> None:
        """Rewrite the file: what a migration has sealed may still stand in it in plain text."""
        connection = self._engine.raw_connection()
        try:
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.cursor().execute(statement)
        finally:
            connection.close()


def _nothing() -> None:
    """PostgreSQL makes its checkpoints itself."""


def _url(address: str) -> URL:
    try:
        return make_url(address)
    except ArgumentError:
        raise StoreError(
            "cannot use the database setting: give it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from None
