"""Watches what the replicas of instances use of their size, decides how many there should be, and stores that."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from engineroom.control.host_probe import HostProbe
from engineroom.control.outbox import Outbox
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, InstanceId, new_event_id
from engineroom.model.instances.capacity import Capacity, capacity_of, is_shared
from engineroom.model.instances.instance import ScalingType
from engineroom.model.instances.replica import Replica
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.scaling.host import FULL, room
from engineroom.model.scaling.observation import Decision
from engineroom.model.scaling.replicas import (
    AUTO_CPU_PERCENTAGE,
    AUTO_MEMORY_PERCENTAGE,
    OF_HOST,
    OF_LIMIT,
    YOUNG_SECONDS,
    ReplicaMetric,
    ReplicaScaler,
)
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.scaling.scaled_instances import ScaledInstance, scaled_instances

LOOK_SECONDS = 15.0
"""Kubernetes' default for the same."""

_CHANGED = "scaling.replicas_changed"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Used:
    """What one replica uses: how many cores since the look before, and how much memory. None is not known."""

    cores: float | None = None
    memory_bytes: int | None = None


@dataclass(slots=True)
class _InstanceState:
    scaler: ReplicaScaler = field(default_factory=ReplicaScaler)
    seen_since: dict[int, float] = field(default_factory=dict)
    counted: dict[int, tuple[float, float]] = field(default_factory=dict)
    bounded: str = ""

    def used(self, replica: Replica | None, running: Sequence[Process], now: float) -> _Used:
        """Return what a replica uses, once it has run for a while: starting costs more than running."""
        usage = replica.usage if replica else None
        if replica is None or usage is None:
            return _Used()
        before = self.counted.pop(replica.number, None)
        if usage.cpu_seconds is not None:
            self.counted[replica.number] = (now, usage.cpu_seconds)
        since = [self.seen_since[process.pid] for process in running if process.pid]
        if not since or min(since) > now - YOUNG_SECONDS:
            return _Used()
        return _Used(_cores(before, self.counted.get(replica.number)), usage.memory_bytes)


def _cores(before: tuple[float, float] | None, after: tuple[float, float] | None) -> float | None:
    """Return the cores in use between two counts; None where there is none to compare, or less was counted than before."""
    if before is None or after is None or after[0] <= before[0] or after[1] < before[1]:
        return None
    return (after[1] - before[1]) / (after[0] - before[0])


class ReplicaAutoscaler:
    """Looks at every instance that is scaled by what its replicas use. A jump of the host's clock means nothing to it."""

    def __init__(
        self,
        store: Store,
        processes: Callable[[BackgroundProcessId], Sequence[Process]],
        replicas: Callable[[InstanceId], Sequence[Replica]],
        wake: Callable[[Iterable[BackgroundProcessId]], None],
        probe: HostProbe,
    ) -> None:
        self._store = store
        self._outbox = Outbox(store)
        self._processes = processes
        self._replicas = replicas
        self._wake = wake
        self._probe = probe
        self._states: dict[InstanceId, _InstanceState] = {}

    async def run(self) -> None:
        """Scale until cancelled. An error must not end the loop: the next look tries again."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001
                _log.exception("Cannot scale replicas; trying again soon.", action="scale.failed")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look, decide and store, once."""
        rows = await self._store.read(partial(scaled_instances, host=self._store.host))
        self._states = {row.id: self._states.get(row.id, _InstanceState()) for row in rows}
        decided = [(row, self._decide(row)) for row in rows]
        changed: dict[str, int] = {
            row.id: decision.processes for row, decision in decided if decision.changes
        }
        told = [event for row, decision in decided for event in self._tell(row, decision)]
        self._outbox.add(event for event in told if event.kind != _CHANGED)
        if changed:
            await self._keep(rows, changed, [event for event in told if event.kind == _CHANGED])
        await self._outbox.flush()

    async def _keep(
        self, rows: Iterable[ScaledInstance], changed: Mapping[str, int], told: Sequence[Event]
    ) -> None:
        """Store the new scales, and the events of that with them: what is decided again is told again."""

        def write(connection: Connection) -> None:
            scales.put(connection, changed, datetime.now(UTC))
            events.add(connection, told)

        try:
            await self._store.write(write)
        finally:
            # Also when its answer is lost: the next look finds the new scale, and nothing to change.
            self._wake(of for row in rows if row.id in changed for of in row.background_processes)

    def _decide(self, row: ScaledInstance) -> Decision:
        state, now = self._states[row.id], self._probe.clock()
        running = self._running(row)
        pids = [process.pid for of in running.values() for process in of if process.pid]
        state.seen_since = {pid: state.seen_since.get(pid, now) for pid in pids}
        found = {replica.number: replica for replica in self._replicas(row.id)}
        used = [
            state.used(found.get(number), running.get(number, []), now)
            for number in range(1, row.replicas + 1)
        ]
        metrics = _metrics(row, used, self._probe.capacity())
        decision = state.scaler.decide(
            now, row.replicas, metrics, min_replicas=row.min_replicas, max_replicas=row.max_replicas
        )
        return self._within_the_host(row, decision, used)

    def _within_the_host(self, row: ScaledInstance, decision: Decision, used: Sequence[_Used]) -> Decision:
        """Return the decision with no more replicas than the host has room for; what runs is not taken away for that."""
        host = self._probe.host()
        if host is None or decision.processes <= row.replicas:
            return decision
        free = room(
            host,
            process_memory_bytes=max((one.memory_bytes or 0 for one in used), default=0) or None,
            process_cores=max((one.cores or 0.0 for one in used), default=0.0) or None,
        )
        if free is None or decision.processes <= row.replicas + free.more:
            return decision
        return replace(decision, processes=row.replicas + free.more, bounded=free.reason)

    def _tell(self, row: ScaledInstance, decision: Decision) -> list[Event]:
        """Return the events of a change, and of a host that is full, when it has just become that."""
        state = self._states[row.id]
        full = decision.bounded if decision.bounded.startswith(FULL) else ""
        news, state.bounded = full != "" and not state.bounded, full
        if decision.changes:
            return _events(row, decision, _CHANGED, "Scaled")
        return _events(row, decision, "scaling.replicas_bounded", "Not scaled") if news else []

    def _running(self, row: ScaledInstance) -> dict[int, list[Process]]:
        found: dict[int, list[Process]] = {}
        for background_process in row.background_processes:
            for process in self._processes(background_process):
                if process.state is ProcessState.RUNNING:
                    found.setdefault(process.replica, []).append(process)
        return found


def _metrics(row: ScaledInstance, used: Sequence[_Used], host: Capacity) -> list[ReplicaMetric]:
    """Return what is looked at. With the host's size, each replica's share is of all that there is."""
    capacity = capacity_of(row.size, host)
    of = OF_HOST if is_shared(row.size) else OF_LIMIT
    cpu, memory = row.cpu_percentage, row.memory_percentage
    if row.scaling_type is ScalingType.AUTO:
        cpu, memory = AUTO_CPU_PERCENTAGE, AUTO_MEMORY_PERCENTAGE
    metrics = []
    if cpu is not None:
        shares = _shares([one.cores for one in used], capacity.cpus)
        metrics.append(ReplicaMetric("CPU", shares, cpu, of))
    if memory is not None:
        shares = _shares([one.memory_bytes for one in used], capacity.memory_bytes)
        metrics.append(ReplicaMetric("memory", shares, memory, of))
    return metrics


def _shares(used: Sequence[float | None], capacity: float | None) -> list[float | None]:
    return [None if one is None or not capacity else 100.0 * one / capacity for one in used]


def _events(row: ScaledInstance, decision: Decision, kind: str, words: str) -> list[Event]:
    """Return an event for each background process of the instance: its processes come and go with the replicas."""
    return [
        Event(
            id=new_event_id(),
            background_process_id=of,
            kind=kind,
            message=f"{words} replicas {decision.sentence()}.",
            data={"instance": row.id, "decision": asdict(decision)},
            at=datetime.now(UTC),
        )
        for of in row.background_processes
    ]
