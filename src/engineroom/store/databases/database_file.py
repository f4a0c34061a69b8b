"""The file of an SQLite database: whether it is still the one that is worked on.

What is written to a file that was removed is gone with the last program that has it open, and nobody sees it before.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from engineroom.store.errors import UnavailableError

_log = structlog.get_logger()


class DatabaseFile:
    """Where the file is, and which one it was when it was opened.

    A connection of its own keeps all that is in it within reach, also after its removal.
    """

    def __init__(self, path: Path, let_go: Callable[[], None]) -> None:
        """`let_go` has connections that are not in use closed, once they are on a file that was removed."""
        self._path = path
        self._let_go = let_go
        self._known = self._present()
        self._connection: sqlite3.Connection | None = None
        self._mending = threading.Lock()

    def hold(self) -> None:
        """Open the file to have it at hand; its schema must be there."""
        self._connection = sqlite3.connect(self._path, check_same_thread=False)
        # Only who has read once has the write-ahead log open too.
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def require(self) -> None:
        """See that the file is the one that others see, too; one that was removed is put back.

        Raises UnavailableError: then nothing may be read, and nothing that was committed be acknowledged.
        """
        if self._present() == self._known:
            return
        with self._mending:
            present = self._present()
            if present == self._known:
                return
            if present is not None:
                raise UnavailableError(
                    f"Nothing was kept: the database {self._path} was replaced while the server works on it. Put the one "
                    "that was there back, or restart the server to go on with this one."
                )
            try:
                self._put_back()
            except (OSError, sqlite3.Error) as error:
                raise UnavailableError(
                    f"Nothing was kept: the database {self._path} was removed, and cannot be put back: {error}. Put it "
                    "back, with its folder."
                ) from None

    def _put_back(self) -> None:
        beside = self._path.with_name(f"{self._path.name}.mended")
        beside.unlink(missing_ok=True)
        os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self._copy(beside)
        # They belong to the file that was removed, and would be taken for this one's.
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        beside.rename(self._path)
        self._known = self._present()
        self._let_go()
        self.close()
        self.hold()
        _log.error(
            "The database was removed, and was put back from what the server had open.",
            action="store.mended",
            database=str(self._path),
        )

    def _copy(self, to: Path) -> None:
        assert self._connection is not None
        with contextlib.closing(sqlite3.connect(to)) as target:
            self._connection.backup(target)
        descriptor = os.open(to, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _present(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
