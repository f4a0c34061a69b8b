"""Watches what the replicas of instances use of their size, decides how many there should be, and stores that."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from engineroom.control.surroundings import Surroundings
from engineroom.model import sizes
from engineroom.model.activity import Activity, Observed
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, InstanceId, new_event_id
from engineroom.model.instance import ScalingType
from engineroom.model.process import Process, ProcessState
from engineroom.model.scaling.host import room
from engineroom.model.scaling.observation import Decision
from engineroom.model.scaling.replicas import (
    AUTO_CPU_PERCENTAGE,
    AUTO_MEMORY_PERCENTAGE,
    YOUNG_SECONDS,
    Metric,
    ReplicaScaler,
)
from engineroom.store import Store, events, scales
from engineroom.store.scaled_instances import ScaledInstance, scaled_instances

LOOK_SECONDS = 15.0
"""Kubernetes' default for the same."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _State:
    scaler: ReplicaScaler = field(default_factory=ReplicaScaler)
    replicas: dict[int, Observed] = field(default_factory=dict)
    seen_since: dict[int, float] = field(default_factory=dict)

    def knows(self, running: Sequence[Process], now: float) -> bool:
        """Return whether a replica can be judged: it has run for a while, and each process was seen at least twice."""
        since = [self.seen_since[process.pid] for process in running if process.pid]
        return bool(since) and min(since) <= now - YOUNG_SECONDS and max(since) < now


class ReplicaAutoscaler:
    """Looks at every instance that is scaled by what its replicas use. A jump of the host's clock means nothing to it."""

    def __init__(
        self,
        store: Store,
        processes: Callable[[BackgroundProcessId], Sequence[Process]],
        wake: Callable[[Iterable[BackgroundProcessId]], None],
        surroundings: Surroundings,
    ) -> None:
        self._store = store
        self._processes = processes
        self._wake = wake
        self._surroundings = surroundings
        self._states: dict[InstanceId, _State] = {}

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
        self._states = {row.id: self._states.get(row.id, _State()) for row in rows}
        decided = [(row, self._decide(row)) for row in rows]
        changed = [(row, decision) for row, decision in decided if decision.changes]
        if not changed:
            return

        def write(connection: Connection) -> None:
            scales.put(
                connection, {row.id: decision.processes for row, decision in changed}, datetime.now(UTC)
            )
            told = [event for row, decision in changed for event in _events(row, decision)]
            events.add(connection, told)

        await self._store.write(write)
        self._wake(of for row, _ in changed for of in row.background_processes)

    def _decide(self, row: ScaledInstance) -> Decision:
        state, now = self._states[row.id], self._surroundings.clock()
        running = self._running(row)
        state.replicas = {
            replica: state.replicas.get(replica, Observed()) for replica in range(1, row.replicas + 1)
        }
        for replica, observed in state.replicas.items():
            observed.look(now, self._activities(running.get(replica, [])))
        pids = [process.pid for of in running.values() for process in of if process.pid]
        state.seen_since = {pid: state.seen_since.get(pid, now) for pid in pids}
        known = [state.knows(running.get(replica, []), now) for replica in state.replicas]
        decision = state.scaler.decide(
            now,
            row.replicas,
            _metrics(row, list(state.replicas.values()), known),
            least=row.least,
            most=row.most,
        )
        return self._within_the_host(row, decision, state)

    def _within_the_host(self, row: ScaledInstance, decision: Decision, state: _State) -> Decision:
        """Return the decision with no more replicas than the host has room for; what runs is not taken away for that."""
        host = self._surroundings.host()
        if host is None or decision.processes <= row.replicas:
            return decision
        used = list(state.replicas.values())
        free = room(
            host,
            process_memory_bytes=max((one.memory_bytes for one in used), default=0) or None,
            process_cores=max((one.cores for one in used), default=0.0) or None,
        )
        if free is None or decision.processes <= row.replicas + free.more:
            return decision
        return Decision(
            before=decision.before,
            processes=row.replicas + free.more,
            needed=decision.needed,
            why=decision.why,
            bounded=free.reason,
        )

    def _running(self, row: ScaledInstance) -> dict[int, list[Process]]:
        found: dict[int, list[Process]] = {}
        for background_process in row.background_processes:
            for process in self._processes(background_process):
                if process.state is ProcessState.RUNNING:
                    found.setdefault(process.replica, []).append(process)
        return found

    def _activities(self, running: Sequence[Process]) -> dict[str, Activity]:
        found = {process.id: self._surroundings.activity(process.pid) for process in running if process.pid}
        return {id: activity for id, activity in found.items() if activity is not None}


def _metrics(row: ScaledInstance, replicas: Sequence[Observed], known: Sequence[bool]) -> list[Metric]:
    size = sizes.find(row.size)
    cpu, memory = row.cpu_percentage, row.memory_percentage
    if row.scaling_type is ScalingType.AUTO:
        cpu, memory = AUTO_CPU_PERCENTAGE, AUTO_MEMORY_PERCENTAGE
    if size is None:
        return []
    metrics = []
    if cpu is not None:
        used = [100.0 * replica.cores / size.cpu_count for replica in replicas]
        metrics.append(Metric("CPU", _where(known, used), cpu))
    if memory is not None:
        limit = size.memory_mib * 1024 * 1024
        used = [100.0 * replica.memory_bytes / limit for replica in replicas]
        metrics.append(Metric("memory", _where(known, used), memory))
    return metrics


def _where(known: Sequence[bool], used: Sequence[float]) -> list[float | None]:
    return [percentage if sure else None for sure, percentage in zip(known, used, strict=True)]


def _events(row: ScaledInstance, decision: Decision) -> list[Event]:
    """Return an event for each background process of the instance: its processes come and go with the replicas."""
    return [
        Event(
            id=new_event_id(),
            background_process_id=of,
            kind="scaling.replicas_changed",
            message=f"Scaled replicas {decision.sentence()}.",
            data={"instance": row.id, "decision": asdict(decision)},
            at=datetime.now(UTC),
        )
        for of in row.background_processes
    ]
