"""Brings what processes write from the runtime into the log: each line once and in order, whatever is killed."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from engineroom.control.observing.notes import notes_of, run_of
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId, new_event_id
from engineroom.model.logs.output import Chunk, StreamId
from engineroom.model.processes.process import Process
from engineroom.runtime.base import Output, RuntimeUnavailableError
from engineroom.store import Store
from engineroom.store.queries.wanted import wanted
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.writer import LogOwner
from engineroom.telemetry.logs.entries.entries import EntryRun
from engineroom.telemetry.logs.entries.intake import batch_of
from engineroom.telemetry.logs.entries.unfinished import Unfinished

READ_BYTES = 4 << 20
GATHER_SECONDS = 0.1
"""How long output is gathered to be stored in one write: followers wait so long, and the disk so often."""

_RETRY_SECONDS = 1.0
_PRUNE_SECONDS = 10.0
_FORGET_SECONDS = 3600.0
_TELL_SECONDS = 600.0
_MAX_EVENTS = 1000

_log = structlog.get_logger()


class Source(Output, Protocol):
    """What the ingester needs of a runtime: its output, and which processes it still knows."""

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """See Runtime.processes."""

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """See Runtime.background_processes."""


class Ingester:
    """Reads output, stores it with the positions up to which it was read, and then has the runtime give its room back."""

    def __init__(self, store: Store, source: Source, logs: LogStore, note: Callable[[Event], None]) -> None:
        self._store = store
        self._source = source
        self._logs = logs
        self._note = note
        self._owners: dict[BackgroundProcessId, LogOwner] = {}
        self._of: dict[StreamId, BackgroundProcessId] = {}
        self._positions: dict[StreamId, int] = {}
        self._read_at: dict[StreamId, float] = {}
        self._unfinished = Unfinished()
        self._finished: set[BackgroundProcessId] = set()
        self._events: list[Event] = []
        self._noted_at = 0
        self._began_at = datetime.now(UTC)
        self._printed: Counter[BackgroundProcessId] = Counter()
        self._prune_at = 0.0
        self._tell_at = 0.0

    async def run(self) -> None:
        """Ingest until cancelled."""
        self._positions = await self._logs.positions()
        self._noted_at = await self._logs.noted_at()
        self._read_at = dict.fromkeys(self._positions, time.monotonic())
        unheard = True
        while True:
            try:
                if unheard:
                    # The last words of the server before may have been stored and never acknowledged.
                    await self._source.acknowledge_output(self._positions)
                    unheard = False
                full = await self._ingest()
                if not full:
                    await self._logs.compact()
                    await asyncio.sleep(GATHER_SECONDS)
                await self._prune()
            except RuntimeUnavailableError:
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 - what is not acknowledged is there to be read again
                _log.exception("Cannot store output; trying again.", action="logs.failed")
                await asyncio.sleep(_RETRY_SECONDS)

    def note_events(self, events: Iterable[Event]) -> None:
        """Have these stand in the log among the lines, where they are of that kind."""
        new = notes_of(events)
        self._events += new
        self._source.look_at_output(event.data["process"] for event in new)

    def printed_bytes(self, background_process: BackgroundProcessId) -> int:
        """Return how much of what a background process wrote was stored since the server was started."""
        return self._printed[background_process]

    async def _ingest(self) -> bool:
        """Store what is there to read; return whether there was as much as is read at once."""
        await self._know(self._source.background_processes())
        events = list(self._events)
        chunks = await self._read()
        is_full = sum(len(chunk.data) for chunk in chunks) >= READ_BYTES // 2
        if is_full and len(events) < _MAX_EVENTS:
            events = []  # the lines that come before them are perhaps not read yet
        notes = self._notes(events)
        if chunks or notes:
            await self._keep(chunks, notes)
        del self._events[: len(events)]
        return is_full

    async def _read(self) -> Sequence[Chunk]:
        """Return what can be stored; what has no end yet is shown meanwhile."""
        chunks = await self._source.read_output(self._positions, limit_bytes=READ_BYTES)
        self._finished |= self._unfinished.take(chunks, time.monotonic())
        self._show_unfinished(self._unfinished.due(time.monotonic()))
        return [chunk for chunk in chunks if chunk.data]

    async def _keep(
        self, chunks: Sequence[Chunk], notes: Sequence[tuple[BackgroundProcessId, EntryRun]]
    ) -> None:
        """Store it, and have the runtime give its room back."""
        for chunk in chunks:
            self._of[chunk.id] = chunk.background_process
        await self._know({chunk.background_process for chunk in chunks} | {id for id, _ in notes})
        batch = await asyncio.to_thread(batch_of, chunks, self._owners, time.time_ns(), notes)
        removed = await self._logs.append(batch)
        self._show_unfinished(self._finished)
        self._finished.clear()
        for chunk in chunks:
            self._printed[chunk.background_process] += batch.positions[chunk.id] - chunk.begin
        self._positions.update(batch.positions)
        self._read_at.update(dict.fromkeys(batch.positions, time.monotonic()))
        await self._source.acknowledge_output(batch.positions)
        if removed.blocks:
            await self._tell_of_dropped()

    def _notes(self, events: Iterable[Event]) -> list[tuple[BackgroundProcessId, EntryRun]]:
        """Return the entries of these events, but of those that the server before us has stored, and not recorded."""
        found = [
            (event.background_process_id, run_of(event))
            for event in events
            if event.background_process_id is not None
        ]
        began_at = self._began_at.timestamp() * 1e9
        return [(id, run) for id, run in found if run.at > min(self._noted_at, began_at)]

    def _show_unfinished(self, changed: Iterable[BackgroundProcessId]) -> None:
        for id in changed:
            self._logs.show_unfinished(id, list(self._unfinished.shown(id)))

    async def _know(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Find out where these background processes belong while that is stored: of a deleted one it is not for long."""
        unknown = [id for id in ids if id not in self._owners]
        if not unknown:
            return
        for row in await self._store.read(lambda connection: wanted(connection, unknown)):
            found = row.background_process
            self._owners[found.id] = LogOwner(found.id, found.instance_id, row.environment_id)
        for id in unknown:
            # Its last words came after everything else of it was gone.
            self._owners.setdefault(id, LogOwner(id, InstanceId(""), EnvironmentId("")))

    async def _prune(self) -> None:
        now = time.monotonic()
        if now < self._prune_at:
            return
        self._prune_at = now + _PRUNE_SECONDS
        await self._tell_of_dropped()
        if self._unfinished:
            self._show_unfinished(self._unfinished.keep(self._live_processes()))
        await self._logs.prune()
        silent = [stream for stream, at in self._read_at.items() if now - at > _FORGET_SECONDS]
        if silent:
            await self._forget(silent)

    async def _forget(self, silent: Sequence[StreamId]) -> None:
        """Forget those of these streams whose process is gone, and whose they were: they were read to the end long ago."""
        known = self._source.background_processes()
        live = self._live_processes()
        gone = [stream for stream in silent if stream.process not in live]
        await self._logs.forget(gone)
        for stream in gone:
            del self._positions[stream], self._read_at[stream]
            self._of.pop(stream, None)
        self._read_at.update((stream, time.monotonic()) for stream in silent if stream.process in live)
        for id in self._owners.keys() - known - set(self._of.values()):
            del self._owners[id], self._printed[id]

    def _live_processes(self) -> set[str]:
        known = self._source.background_processes()
        return {process.id for each in known for process in self._source.processes(each)}

    async def _tell_of_dropped(self) -> None:
        """Record that the oldest of the log had to go; seldom, as a full disk stays full."""
        now = time.monotonic()
        if now < self._tell_at:
            return
        dropped = await self._logs.dropped()
        if not dropped.bytes:
            return
        self._tell_at = now + _TELL_SECONDS
        until = datetime.fromtimestamp(dropped.latest / 1e9, UTC)
        event = Event(
            id=new_event_id(),
            background_process_id=None,
            kind="logs.dropped",
            message=f"The disk is full: {dropped.bytes} bytes of the oldest logs were dropped, "
            f"all of them from before {until:%Y-%m-%d %H:%M:%S} UTC. Make room on it.",
            data={"bytes": dropped.bytes, "until": until.isoformat()},
            at=datetime.now(UTC),
        )
        _log.warning(event.message, action=event.kind, bytes=dropped.bytes)
        self._note(event)
        await self._logs.notified(dropped)
