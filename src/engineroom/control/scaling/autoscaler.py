"""Measures queues, decides, and stores the scale that follows; the reconciler brings it about."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from engineroom.control.host_probe import HostProbe
from engineroom.control.outbox import Outbox
from engineroom.control.queues.reader import QueueReader
from engineroom.control.scaling.state import ScalingState
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.model.processes.activity import Activity, ActivityTracker
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.host import Host, room, with_more
from engineroom.model.scaling.observation import Decision, Observation, ScaleBounds
from engineroom.model.scaling.scaler import Scaler
from engineroom.model.scaling.strategies import Strategy
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.scaling.scaled import Scaled, scaled

LOOK_SECONDS = 1.0
"""How often every queue is measured."""

_DEFAULT_POLL_SECONDS = 3
"""`queue:work --sleep`, unless it says otherwise."""
_CHANGED = "scaling.changed"

_log = structlog.get_logger()


class Autoscaler:
    """Looks at everything that is scaled, once a second. A jump of the host's clock means nothing to it."""

    def __init__(
        self,
        store: Store,
        processes: Callable[[BackgroundProcessId], Sequence[Process]],
        wake: Callable[[Iterable[BackgroundProcessId]], None],
        probe: HostProbe,
        reader: QueueReader,
    ) -> None:
        self.states: dict[BackgroundProcessId, ScalingState] = {}
        self._store = store
        self._outbox = Outbox(store)
        self._processes = processes
        self._wake = wake
        self._host = probe.host
        self._activity = probe.activity
        self._clock = probe.clock
        self._reader = reader

    async def run(self) -> None:
        """Scale until cancelled. An error must not end the loop: the next look tries again."""
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
        host = self._host() if rows else None
        changed: dict[str, int] = {}
        forgotten: list[str] = []
        told: list[Event] = []
        for row, queue in zip(rows, queues, strict=True):
            try:
                decision = self._decide(row, queue, host)
                host = self._left(host, row, decision)
                told += self._tell(row, decision)
            except Exception:  # noqa: BLE001 - what nobody thought of in one must not keep the others from growing
                self._complain(row)
                continue
            if row.settings.dry_run:
                continue
            if decision.changes:
                changed[row.wanted.background_process.id] = decision.processes
            elif row.scale and not _follows(row.wanted.background_process):
                forgotten.append(row.wanted.background_process.id)
        self._outbox.add(event for event in told if event.kind != _CHANGED)
        await self._keep(changed, forgotten, [event for event in told if event.kind == _CHANGED])
        await self._outbox.flush()
        self._tidy({row.wanted.background_process.id for row in rows})
        await self._reader.forget_unused()

    async def _measure(self, row: Scaled) -> Measurement | Unknown:
        seen = await self._reader.read(row.wanted, row.settings)
        try:
            self._state(row).queues = seen.queues
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
        state, now = self._state(row), self._clock()
        background_process = row.wanted.background_process
        present = row.wanted.processes
        running = self._running(background_process.id)
        state.observed.look(now, self._activities(running))
        seen = Observation(
            now_seconds=now,
            queue=queue,
            processes=present,
            replicas=row.wanted.replicas,
            running=len(running),
        )
        floor = state.sleeper.floor(now, queue, present, row.settings.sleep_after_seconds)
        limits = _limits(row, floor, host, state.observed)
        state.queue, state.limits = queue, limits
        state.recorded.append(seen)
        decided = state.scaler.decide(seen, limits)
        if floor == 0:
            decided = _asleep(seen, row.settings.sleep_after_seconds)
        elif not _follows(background_process):
            decided = _awake(seen, limits.ceiling)
        state.decision = decided
        state.decided_at = datetime.now(UTC)
        return decided

    def _left(self, host: Host | None, row: Scaled, decision: Decision) -> Host | None:
        """Return what of the host is left for those that are decided on next."""
        more = (decision.processes - decision.before) * row.wanted.replicas
        if host is None or more <= 0 or row.settings.dry_run:
            return host
        observed = self._state(row).observed
        return with_more(
            host, more, process_memory_bytes=observed.mean_memory_bytes, process_cores=observed.mean_cores
        )

    def busy(self, background_process: BackgroundProcessId) -> frozenset[str]:
        """Return the processes that are known to work just now: when some must go, others should."""
        state = self.states.get(background_process)
        return state.observed.busy(self._clock(), state.poll_seconds) if state else frozenset()

    def _running(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        found = self._processes(background_process)
        running = (process for process in found if process.state is ProcessState.RUNNING)
        # Another process may have the pid of one of which nobody knows what became.
        return [process for process in running if process.stale_since is None]

    def _activities(self, running: Sequence[Process]) -> dict[str, Activity]:
        found = {
            process.id: self._activity(process.pid)
            for process in running
            if process.pid and not process.stale_since
        }
        return {id: activity for id, activity in found.items() if activity is not None}

    def _state(self, row: Scaled) -> ScalingState:
        """Return what is known of it; another strategy begins anew."""
        background_process = row.wanted.background_process
        strategy = Strategy.of(background_process.strategy_type, background_process.strategy_threshold)
        known = self.states.get(background_process.id)
        if known is None or known.scaler.strategy != strategy:
            config = background_process.config
            poll = config.sleep if config and config.sleep is not None else _DEFAULT_POLL_SECONDS
            known = ScalingState(Scaler(strategy), poll_seconds=float(poll))
            self.states[background_process.id] = known
        return known

    def _tell(self, row: Scaled, decision: Decision) -> list[Event]:
        """Return events of what is new: a change, what would be one, a queue out of sight, a host that is full."""
        state, background_process = self._state(row), row.wanted.background_process
        now, told = self._clock(), []
        dry_run = row.settings.dry_run
        would = decision.processes if decision.changes and dry_run else None
        if decision.changes and (state.news("would", would) or not dry_run):
            kind = "scaling.would_change" if dry_run else _CHANGED
            words = "Would scale" if dry_run else "Scaled"
            told.append(_event(background_process, kind, f"{words} {decision.sentence()}.", state))
        unknown = state.queue.reason if isinstance(state.queue, Unknown) else None
        if state.news_of_trouble("unknown", unknown, now):
            message = f"The queue cannot be measured, so the scale is held: {unknown}."
            told.append(_event(background_process, "scaling.held", message, state))
        limits = state.limits
        full = limits is not None and limits.room_reason and decision.bounded == limits.room_reason
        if state.news_of_trouble("full", "full" if full else None, now):
            message = f"Not scaled {decision.sentence()}."
            told.append(_event(background_process, "scaling.bounded", message, state))
        return told

    async def _keep(
        self,
        changed: dict[str, int],
        forgotten: list[str],
        told: list[Event],
    ) -> None:
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

    def _tidy(self, there: set[BackgroundProcessId]) -> None:
        for gone in self.states.keys() - there:
            del self.states[gone]


def _follows(background_process: BackgroundProcess) -> bool:
    return background_process.strategy_type is not StrategyType.NONE


def _limits(row: Scaled, floor: int, host: Host | None, observed: ActivityTracker) -> ScaleBounds:
    ceiling = row.wanted.background_process.processes
    free = None
    if host is not None:
        free = room(host, process_memory_bytes=observed.mean_memory_bytes, process_cores=observed.mean_cores)
    if free is None:
        return ScaleBounds(floor=floor, ceiling=ceiling)
    more = free.more // max(1, row.wanted.replicas)
    return ScaleBounds(
        floor=floor, ceiling=ceiling, room=row.wanted.processes + more, room_reason=free.reason
    )


def _asleep(seen: Observation, sleep_after_seconds: int | None) -> Decision:
    if isinstance(seen.queue, Unknown):
        return Decision(before=seen.processes, processes=0, needed=None, why=f"held: {seen.queue.reason}")
    why = f"nothing to do for {sleep_after_seconds} s, asleep until a job waits"
    return Decision(before=seen.processes, processes=0, needed=0.0, why=why)


def _awake(seen: Observation, asked: int) -> Decision:
    """Return the decision for what follows no queue but may sleep: all that was asked for, as without sleep."""
    if seen.processes:
        return Decision(before=seen.processes, processes=seen.processes, needed=None, why="awake")
    waiting = seen.queue.available if isinstance(seen.queue, Measurement) else 0
    return Decision(before=0, processes=asked, needed=None, why=f"woken: {waiting} waiting")


def _event(background_process: BackgroundProcess, kind: str, message: str, state: ScalingState) -> Event:
    queue = state.queue
    data: dict[str, Any] = {
        "strategy_type": background_process.strategy_type,
        "strategy_threshold": state.scaler.strategy.threshold,
        "queues": list(state.queues),
        "measured": {"unknown": queue.reason} if isinstance(queue, Unknown) else asdict(queue),
        "decision": asdict(state.decision) if state.decision else None,
        "job_seconds": state.scaler.load.job_seconds,
        "arrivals_per_second": state.scaler.load.arrivals_per_second,
        "taken_per_second": state.scaler.load.taken_per_second,
    }
    return Event(
        id=new_event_id(),
        background_process_id=background_process.id,
        kind=kind,
        message=message,
        data=data,
        at=datetime.now(UTC),
    )
