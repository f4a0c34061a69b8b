"""Writes down what the runtime reports: events, operations that are complete, tombstones that may go."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection

from engineroom.control.changes import applications
from engineroom.control.loops import command_runner
from engineroom.control.loops.reconciler import Reconciler
from engineroom.control.loops.scheduler import ended
from engineroom.control.loops.timings import TIMINGS, Timings
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, OperationId
from engineroom.model.processes.run import Finished
from engineroom.runtime.base import Report
from engineroom.store import Store
from engineroom.store.queries import background_processes, events, operations, scheduled_runs
from engineroom.store.queries.access import audit

_EVENTS_KEPT = timedelta(days=90)
_AUDIT_KEPT = timedelta(days=400)
_PRUNE_EVERY_SECONDS = 3600.0

_log = structlog.get_logger()


class Recorder:
    """Gathers the reports of one runtime and stores them. What cannot be stored is kept and tried again, in order.

    What is too old by the `clock`, in seconds since 1970, is removed.
    """

    def __init__(
        self,
        store: Store,
        reconciler: Reconciler,
        *,
        runtime: str,
        clock: Callable[[], float] = time.time,
        timings: Timings = TIMINGS,
    ) -> None:
        self._store = store
        self._reconciler = reconciler
        self._runtime = runtime
        self._clock = clock
        self._timings = timings
        self._events: list[Event] = []
        self._finished: list[Finished] = []
        self._noted: list[Event] = []
        self._cursor: str | None = None
        self._changed: set[BackgroundProcessId] = set()
        self._check_at = 0.0
        self._reported = asyncio.Event()
        self._prune_at = 0.0

    async def recorded_up_to(self) -> str | None:
        """Return up to where the runtime's reports are stored."""
        return await self._store.read(lambda connection: events.cursor_of(connection, self._runtime))

    def take(self, report: Report) -> None:
        """Take a report of the runtime's."""
        self._events.extend(report.events)
        self._finished.extend(report.finished)
        self._cursor = report.cursor
        self._changed |= report.changed
        self._reported.set()

    def note(self, event: Event) -> None:
        """Take an event that is not the runtime's."""
        self._noted.append(event)
        self._reported.set()

    async def run(self) -> None:
        """Record until cancelled. Completion is also looked for without a report, as a change may need no work."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timings.check):
                    await self._reported.wait()
            await asyncio.sleep(self._timings.gather)
            self._reported.clear()
            try:
                await self._record()
                await self._prune()
            except Exception:  # noqa: BLE001 - whatever it is, the next try may succeed, and must be made
                _log.exception("Cannot record what happened; trying again.", action="record.failed")
                await asyncio.sleep(self._timings.retry)
                self._reported.set()

    async def _record(self) -> None:
        """Store what is there to store, in one write."""
        new, cursor, noted = list(self._events), self._cursor, list(self._noted)
        over = list(self._finished)
        ends = [ended(one) for one in over]
        complete, gone = self._complete(self._candidates())
        finished = [operation for of in complete.values() for operation in of]
        if not (new or noted or finished or gone or ends):
            return

        def write(connection: Connection) -> None:
            if cursor is not None:
                events.record(connection, new, runtime=self._runtime, cursor=cursor)
            scheduled_runs.finish(connection, ends)
            command_runner.finish(connection, over)
            events.add(connection, noted)
            if finished:
                operations.finish(connection, finished, datetime.now(UTC))
            if gone:
                background_processes.purge(connection, gone)
                applications.purge(connection)

        await self._store.write(write)
        del self._events[: len(new)], self._noted[: len(noted)]
        del self._finished[: len(over)]
        for background_process in gone:
            self._reconciler.forget(background_process)
        self._reconciler.finish(complete)

    async def _prune(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + _PRUNE_EVERY_SECONDS
            now = datetime.fromtimestamp(self._clock(), UTC)
            await self._store.write(lambda connection: _prune(connection, now))

    def _candidates(self) -> list[BackgroundProcessId]:
        """Return what may have become complete: what reports told of, and now and then all that is not."""
        changed, self._changed = self._changed, set()
        unfinished = self._reconciler.unfinished
        now = asyncio.get_running_loop().time()
        if now < self._check_at:
            # In a burst there are many reports, each of a few; all would be looked at for each.
            return [id for id in changed if id in unfinished]
        self._check_at = now + self._timings.check
        return list(unfinished)

    def _complete(
        self, candidates: Iterable[BackgroundProcessId]
    ) -> tuple[dict[BackgroundProcessId, list[OperationId]], list[BackgroundProcessId]]:
        """Return the operations whose aim is reached, and the deleted background processes of which nothing is left."""
        complete: dict[BackgroundProcessId, list[OperationId]] = {}
        gone: list[BackgroundProcessId] = []
        for background_process in candidates:
            progress = self._reconciler.progress(background_process)
            if progress is None or not progress.complete:
                continue
            target = self._reconciler.unfinished[background_process]
            complete[background_process] = list(target.operations)
            if target.workload is None:
                gone.append(background_process)
        return complete, gone


def _prune(connection: Connection, now: datetime) -> None:
    events.prune(connection, now - _EVENTS_KEPT)
    audit.prune(connection, now - _AUDIT_KEPT)
