"""The store: which database queries reach, which threads run them, and when a write counts as done."""

from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import URL, Connection, Engine, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError

from engineroom.store.databases.checkpoints import Checkpoints
from engineroom.store.databases.database_file import DatabaseFile
from engineroom.store.databases.postgresql import postgresql_engine
from engineroom.store.databases.sqlite import BUSY_TIMEOUT_MILLISECONDS, sqlite_engine
from engineroom.store.databases.trouble import Trouble, reason_of, trouble_of
from engineroom.store.encryption.keyring import Keyring
from engineroom.store.engine import reencryption
from engineroom.store.engine.attribution import recorded
from engineroom.store.engine.error_translation import translated_errors
from engineroom.store.engine.preparation import prepare
from engineroom.store.engine.reader import Reader
from engineroom.store.engine.writer import Writer
from engineroom.store.errors import StoreError

_READERS = 2
_READ_SECONDS = 5.0
_WRITE_SECONDS = 8.0
_SQLITE_SECONDS = 20.0
"""Longer than a writer waits for another one, so that it is known whether anything was written."""

Result = TypeVar("Result")


class Store:
    """The database of one engineroom. Queries are functions of a connection; the store decides where they run.

    `host` is the name of this host among those whose servers work on the database, None where there can be only one.
    """

    def __init__(
        self, engine: Engine, keyring: Keyring, *, file: DatabaseFile | None = None, host: str | None = None
    ) -> None:
        self.host = host
        self._engine = engine
        self._keyring = keyring
        # The type of what is encrypted finds the keys there: an engine's dialect is its own.
        engine.dialect.engineroom_keyring = keyring  # type: ignore[attr-defined]
        self._readers = Reader(engine, threads=_READERS, before=self._see_that_it_is_there)
        self._checkpoints = None if file is None else Checkpoints(engine)
        self._file = file
        self._writer = Writer(engine, self._committed, before=self._see_that_it_is_there)
        self._read_seconds = _READ_SECONDS if file is None else _SQLITE_SECONDS
        self._write_seconds = _WRITE_SECONDS if file is None else _SQLITE_SECONDS

    @classmethod
    def open(
        cls,
        path: Path,
        keyring: Keyring | None = None,
        *,
        busy_timeout_milliseconds: int = BUSY_TIMEOUT_MILLISECONDS,
    ) -> Self:
        """Return the store in the SQLite file `path`, made when it is not there, with the newest schema.

        The keys are in a file beside it unless others are given. So long is waited for the write of another program.
        Raises OSError when the file cannot be made, and StoreError when what is in it cannot be used.
        """
        keys = keyring or Keyring(path.with_name("secrets.key"))
        engine = sqlite_engine(path, busy_timeout_milliseconds=busy_timeout_milliseconds)
        store = cls(engine, keys, file=DatabaseFile(path, engine.dispose))
        store._prepare(str(path))
        return store

    @classmethod
    def connect(cls, address: str, keyring: Keyring, host: str) -> Self:
        """Return the store in the PostgreSQL database at `postgresql://…`, with the newest schema.

        Raises StoreError when it cannot be used.
        """
        url = _url(address)
        store = cls(postgresql_engine(url), keyring, host=host)
        store._prepare(url.render_as_string(hide_password=True))
        return store

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` reads; it runs in a thread, on one consistent state of the database.

        Raises UnavailableError.
        """
        with translated_errors():
            return await self._readers.run(function, self._read_seconds)

    async def probe(self) -> None:
        """See that the database can be read, and that its file is there. Raises UnavailableError."""
        await self.read(lambda connection: connection.execute(select(1)).one())

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` returns once what it wrote is on disk; when it raises, nothing of it is written.

        It may be run once more before that, on a state without what it wrote. What accompanies the task's
        writes (`attribution.py`) is in the same transaction. Raises NoRoomError when the disk is full, and UnavailableError.
        """
        with translated_errors():
            return await recorded(lambda written: self._writer.run(written, self._write_seconds), function)

    def close(self) -> None:
        """Finish the writes that wait, stop the threads and close the database."""
        self._writer.close()
        self._readers.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        if self._file is not None:
            self._file.close()
        self._engine.dispose()

    def rotate_key(self) -> reencryption.Reencrypted:
        """Make a new key and encrypt everything with it; return how much that was. Raises KeyringError and NoRoomError.

        Wherever it is interrupted, everything can be read as before: the older keys stay.
        """
        self._keyring.rotate()
        with translated_errors():
            return reencryption.reencrypt(self._engine, self._keyring)

    def _committed(self) -> None:
        """Take in that something was committed, and see that it is where others find it."""
        self._see_that_it_is_there()
        if self._checkpoints is not None:
            self._checkpoints.written()

    def _see_that_it_is_there(self) -> None:
        if self._file is not None:
            self._file.require()

    def _prepare(self, name: str) -> None:
        """See that schema and keys are as they have to be, or close the store. Raises StoreError."""
        try:
            prepare(self._engine, self._keyring)
            if self._file is not None:
                self._file.hold()
        except DBAPIError as error:
            self.close()
            advice = trouble_of(error) or Trouble.DAMAGED
            raise StoreError(f"cannot use the database {name}: {reason_of(error)}; {advice.value}") from None
        except BaseException:
            self.close()
            raise


def _url(address: str) -> URL:
    try:
        return make_url(address)
    except ArgumentError:
        raise StoreError(
            "cannot use the database setting: give it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from None
