"""Measure queues, decide, and store the scale that follows; the reconciler brings it about."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from engineroom.control.host_probe import HostProbe
from engineroom.control.outbox import Outbox
from engineroom.control.queues.reader import QueueReader
from engineroom.control.scaling import decisions, scaling_events
from engineroom.control.scaling.state import ScalingStates
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.processes.activity import Activity
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.host import Host
from engineroom.model.scaling.observation import Decision, Observation
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.scaling.scaled import Scaled, scaled

LOOK_SECONDS = 1.0
"""How often every queue is measured."""

_log = structlog.get_logger()


class Autoscaler:
    """Look at everything that is scaled, once a second. A jump of the host's clock means nothing to it."""

    def __init__(  # noqa: PLR0913 - two things that it asks, two that it keeps, and two that it does
        self,
        store: Store,
        probe: HostProbe,
        *,
        states: ScalingStates,
        reader: QueueReader,
        processes: Callable[[BackgroundProcessId], Sequence[Process]],
        wake: Callable[[Iterable[BackgroundProcessId]], None],
    ) -> None:
        self._store = store
        self._probe = probe
        self._states = states
        self._reader = reader
        self._processes = processes
        self._wake = wake
        self._outbox = Outbox(store)

    async def run(self) -> None:
        """Scale until cancelled. An error does not end the loop: the next look tries again."""
        while True:
            began = time.monotonic()
            try:
                await self.look()
            except Exception:  # noqa: BLE001
                _log.exception("Cannot scale; trying again soon.", action="scale.failed")
            await asyncio.sleep(max(0.05, LOOK_SECONDS - (time.monotonic() - began)))

    async def look(self) -> None:
        """Measure, decide and store, once."""
        rows = await self._store.read(partial(scaled, host=self._store.host))
        queues = await asyncio.gather(*(self._measure(row) for row in rows))
        host = self._probe.host() if rows else None
        changed: dict[str, int] = {}
        forgotten: list[str] = []
        told: list[Event] = []
        for row, queue in zip(rows, queues, strict=True):
            background_process = row.wanted.background_process
            try:
                decision = self._decide(row, queue, host)
                state = self._states.of(background_process)
                host = decisions.left_of(host, row, decision, state.activity)
                told += list(scaling_events.news(row, state, decision, self._probe.clock()))
            except Exception:  # noqa: BLE001 - what nobody thought of in one must not keep the others from growing
                self._complain(row)
                continue
            if row.settings.dry_run:
                continue
            if decision.changes:
                changed[background_process.id] = decision.processes
            elif row.scale and not decisions.follows_queue(background_process):
                forgotten.append(background_process.id)
        self._outbox.add(event for event in told if event.kind != scaling_events.CHANGED)
        await self._keep(
            changed, forgotten, [event for event in told if event.kind == scaling_events.CHANGED]
        )
        await self._outbox.flush()
        self._states.keep_only({row.wanted.background_process.id for row in rows})
        await self._reader.forget_unused()

    async def _measure(self, row: Scaled) -> Measurement | Unknown:
        seen = await self._reader.read(row.wanted, row.settings)
        try:
            self._states.of(row.wanted.background_process).queues = seen.queues
        except Exception:  # noqa: BLE001 - see look
            self._complain(row)
        return seen.measured

    def _complain(self, row: Scaled) -> None:
        _log.exception(
            "Cannot scale one background process; its scale is held.",
            action="scale.one_failed",
            background_process=row.wanted.background_process.id,
        )

    def _decide(self, row: Scaled, queue: Measurement | Unknown, host: Host | None) -> Decision:
        background_process, present = row.wanted.background_process, row.wanted.processes
        state, now = self._states.of(background_process), self._probe.clock()
        running = self._running(background_process.id)
        state.activity.look(now, self._activities(running))
        seen = Observation(
            now_seconds=now,
            queue=queue,
            processes=present,
            replicas=row.wanted.replicas,
            running=len(running),
        )
        floor = state.sleeper.floor(now, queue, present, row.settings.sleep_after_seconds)
        bounds = decisions.bounds(row, floor, host, state.activity)
        state.queue, state.bounds = queue, bounds
        state.recorded.append(seen)
        decided = state.scaler.decide(seen, bounds)
        if floor == 0:
            decided = decisions.asleep(seen, row.settings.sleep_after_seconds)
        elif not decisions.follows_queue(background_process):
            decided = decisions.awake(seen, bounds.ceiling)
        state.decision, state.decided_at = decided, datetime.now(UTC)
        return decided

    def _running(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        found = self._processes(background_process)
        running = (process for process in found if process.state is ProcessState.RUNNING)
        # Another process may have the pid of one of which nobody knows what became.
        return [process for process in running if process.stale_since is None]

    def _activities(self, running: Sequence[Process]) -> dict[str, Activity]:
        found = {process.id: self._probe.activity(process.pid) for process in running if process.pid}
        return {id: activity for id, activity in found.items() if activity is not None}

    async def _keep(self, changed: dict[str, int], forgotten: list[str], told: list[Event]) -> None:
        """Store the new scales, and the events of that with them: what is decided again is told again."""
        if not (changed or forgotten or told):
            return

        def write(connection: Connection) -> None:
            scales.put(connection, changed, datetime.now(UTC))
            scales.forget(connection, forgotten)
            events.add(connection, told)

        try:
            await self._store.write(write)
        finally:
            # Also when its answer is lost: the next look finds the new scale, and nothing to change.
            self._wake([BackgroundProcessId(subject) for subject in changed])
