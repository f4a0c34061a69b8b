"""Copies what was committed from SQLite's write-ahead log into the database file, beside the writer."""

import threading

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from engineroom.store.databases.sqlite import do_alone

_PAUSE_SECONDS = 0.5

_log = structlog.get_logger()


class Checkpoints:
    """A thread that makes a checkpoint soon after something was written, and rests between two.

    Left to SQLite, every thousandth page is copied by the commit that wrote it, and flushed twice: whoever waits for that
    commit waits for all of it. The log still ends by such a commit where it has grown long (`sqlite.py`), as it can
    begin anew only while nobody writes; most of it has been copied by then.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._written = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def written(self) -> None:
        """Take in that something was committed; only one thread may call this."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="store-checkpoints", daemon=True)
            self._thread.start()
        self._written.set()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._written.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while self._written.wait() and not self._closing.is_set():
            self._written.clear()
            try:
                do_alone(self._engine, "PRAGMA wal_checkpoint(PASSIVE)")
            except DBAPIError as error:
                _log.warning("Cannot make a checkpoint.", action="checkpoint.failed", reason=str(error.orig))
            self._closing.wait(_PAUSE_SECONDS)
