"""The log store: one thread that writes, some that read, and followers."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Self, TypeVar

import structlog

from engineroom.model.ids import BackgroundProcessId, EnvironmentId
from engineroom.model.logs.log import LogEntry
from engineroom.model.logs.output import StreamId
from engineroom.telemetry import sqlite_files
from engineroom.telemetry.logs.blocks import reading, tables
from engineroom.telemetry.logs.blocks.disk_space import DiskSpace, is_full
from engineroom.telemetry.logs.blocks.query import LogQuery
from engineroom.telemetry.logs.blocks.reading import LogPage, Window
from engineroom.telemetry.logs.blocks.retention import Removed, Retention
from engineroom.telemetry.logs.blocks.tables import Fact
from engineroom.telemetry.logs.blocks.writer import Batch, LogWriter
from engineroom.telemetry.logs.live import Live

_READERS = 2
_COMPACTED_BYTES = 4 << 20
_FOLLOWED_AT_ONCE = 500
_EVERYTHING = LogQuery()

Result = TypeVar("Result")

_log = structlog.get_logger()


class LogStore:
    """The log of every process, in one file. Its methods belong to the event loop; the work is done in threads."""

    def __init__(self, path: Path, retention: Retention, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._connection = tables.connect(path)
        with sqlite_files.closed_on_error(self._connection):
            tables.prepare(self._connection)
            self._writer = LogWriter(self._connection)
        self._disk_space = DiskSpace(path, self._connection, self._writer, retention)
        self._writing = ThreadPoolExecutor(1, "logs-writer")
        self._reading = ThreadPoolExecutor(_READERS, "logs-reader")
        self._readers: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for _ in range(_READERS):
            # Not when somebody wants to read: the disk may be full by then, or read-only.
            self._readers.put(tables.connect_to_read(path))
        self._live = Live()

    @classmethod
    def open(cls, path: Path, retention: Retention, clock: Callable[[], float] = time.time) -> Self:
        """Return the log in the file `path`; one that cannot be used is put aside, and another one begun.

        What is too old by the `clock`, in seconds since 1970, is removed.

        Raises OSError when no file can be made there, and sqlite3.Error when the disk is too full to begin.
        """
        path.touch(mode=0o600)
        try:
            return cls(path, retention, clock)
        except sqlite3.DatabaseError as error:
            if not sqlite_files.is_unusable(error):
                raise
            _log.error(
                "The log cannot be used; it is put aside, and another one begun.",
                action="logs.unusable",
                reason=str(error),
            )
            _put_aside(path)
            return cls(path, retention, clock)

    async def append(self, batch: Batch) -> Removed:
        """Store a batch; it is on disk afterwards, whole. Return what had to be removed for it, as the disk was full.

        Raises sqlite3.Error when it cannot be stored, and then nothing of it is.
        """
        stored, removed = await self._write(
            lambda: self._disk_space.for_writing(lambda: self._writer.append(batch))
        )
        for background_process, blocks in stored.items():
            if self._live.is_followed(background_process):
                entries = [
                    entry for block in blocks for entry in _EVERYTHING.found(block, background_process)
                ]
                self._live.publish(background_process, entries)
        return removed

    async def compact(self) -> bool:
        """Do some of the work that makes the log smaller and quicker to search; return whether there is more."""
        return bool(await self._if_there_is_room(lambda: self._writer.compact(_COMPACTED_BYTES)))

    async def prune(self) -> None:
        """Remove what is kept no longer."""
        now = int(self._clock() * 1e9)
        while await self._if_there_is_room(lambda: self._disk_space.prune(now)):
            continue

    async def positions(self) -> dict[StreamId, int]:
        """Return up to where each stream is stored."""
        return await self._write(self._writer.positions)

    async def noted_at(self) -> int:
        """Return the latest moment of the stored entries that nobody printed; 0 where there are none."""
        return await self._write(lambda: tables.fact(self._connection, Fact.NOTED_AT))

    async def dropped(self) -> Removed:
        """Return what had to be removed, by whichever server, as the disk was full, and nobody was notified of yet."""
        return await self._write(self._writer.dropped)

    async def notified(self, dropped: Removed) -> None:
        """Record that people were notified of what was dropped; where that cannot be stored, they are notified again."""
        await self._if_there_is_room(lambda: self._writer.notified(dropped))

    async def forget(self, streams: Sequence[StreamId]) -> None:
        """Forget the positions of streams that nobody will ever read again."""
        await self._write(lambda: self._writer.forget(streams))

    async def find(
        self,
        owners: Collection[BackgroundProcessId],
        query: LogQuery,
        window: Window,
    ) -> LogPage:
        """Return the wanted entries of these background processes that are in the window, lines without an end included."""
        found = await self._read(lambda connection: reading.find(connection, owners, query, window))
        unfinished = [
            entry for owner in owners for entry in self._live.unfinished(owner) if query.wants(entry)
        ]
        return reading.with_unfinished(found, unfinished, window)

    def show_unfinished(self, background_process: BackgroundProcessId, entries: Sequence[LogEntry]) -> None:
        """Have these lines without an end shown of a background process, and no others; they are not stored."""
        self._live.show_unfinished(background_process, entries)

    async def of_environment(
        self, environment: EnvironmentId, instances: Collection[str] = ()
    ) -> list[BackgroundProcessId]:
        """Return the background processes of an environment that ever wrote something, deleted ones too.

        Where instances are named, only those of them.
        """
        return await self._read(lambda connection: reading.of_environment(connection, environment, instances))

    async def last_number(self, background_process: BackgroundProcessId) -> int:
        """Return the number of the newest entry of a background process; 0 when there is none."""
        return await self._read(lambda connection: reading.last_number(connection, background_process))

    async def follow(
        self, background_process: BackgroundProcessId, after: int, *, idle_seconds: float | None = None
    ) -> AsyncIterator[list[LogEntry]]:
        """Yield the entries behind a number, and until `end_following` those that come: each once, in order.

        A line without an end is yielded when nothing else is there, and again when more of it is. Nothing is yielded
        whenever nothing came for `idle_seconds`.
        """
        shown: Sequence[LogEntry] = ()
        with self._live.follower(background_process):
            while not self._live.ended:
                version = self._live.version(background_process)
                entries = self._live.recent(background_process, after)
                if entries is None:
                    entries = await self._following(background_process, after)
                unfinished, before = self._live.unfinished(background_process), shown
                if entries:
                    after = entries[-1].number
                    yield entries
                elif unfinished != shown:
                    shown = unfinished
                    yield [entry for entry in unfinished if entry not in before]
                elif not await self._live.newer(background_process, version, idle_seconds):
                    yield []

    @property
    def ended(self) -> bool:
        """Whether nobody is to follow any more."""
        return self._live.ended

    @property
    def followers(self) -> int:
        """How many follow now."""
        return self._live.followers

    def end_following(self) -> None:
        """Have everybody who follows come to an end: the server is about to stop."""
        self._live.end()

    def close(self) -> None:
        """Finish the write at hand and close the file."""
        self._writing.shutdown()
        self._reading.shutdown()
        self._connection.close()
        while not self._readers.empty():
            self._readers.get().close()

    async def _following(self, background_process: BackgroundProcessId, after: int) -> list[LogEntry]:
        return await self._read(
            lambda connection: reading.following(
                connection, background_process, after, limit=_FOLLOWED_AT_ONCE
            )
        )

    async def _write(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._writing, function)

    async def _if_there_is_room(self, function: Callable[[], Result]) -> Result | None:
        """Return what this returns; None on a full disk: nothing needs it now, and nothing is to be removed for it."""
        try:
            return await self._write(function)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            return None

    async def _read(self, function: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(
            self._reading, self._on_a_connection, function
        )

    def _on_a_connection(self, function: Callable[[sqlite3.Connection], Result]) -> Result:
        """Return what `function` reads, all of it on one state of the log."""
        connection = self._readers.get()
        try:
            connection.execute("BEGIN")
            try:
                return function(connection)
            finally:
                connection.execute("COMMIT")
        finally:
            self._readers.put(connection)


def _put_aside(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.unusable-{time.time_ns()}"))
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    path.touch(mode=0o600)
