"""Measures what runs, every ten seconds: for charts, for Prometheus, and for alerts.

Of a stopped environment nothing is measured, nor of what belongs to another host: that is not known here, and not zero.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Protocol

import structlog

from engineroom.control.queues.gauge import QueueGauge
from engineroom.control.scaling.stall_watch import StallDetector
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.operation import Progress
from engineroom.model.processes.exits import describe
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.queue import Measurement
from engineroom.store import Store
from engineroom.store.queries.wanted import Wanted, started
from engineroom.telemetry.metrics import MetricStore
from engineroom.telemetry.metrics.sample import Sample

SAMPLE_SECONDS = 10.0
_FLUSH_SECONDS = 60.0

_log = structlog.get_logger()


class RunningProcesses(Protocol):
    """What the sampler asks of the control plane."""

    @property
    def store(self) -> Store:
        """Where what should be is kept."""

    def processes(self, background_process: BackgroundProcessId, /) -> Sequence[Process]:
        """Return the live processes of a background process."""

    def progress(self, background_process: BackgroundProcessId, /) -> Progress | None:
        """Return how far a background process is from what was asked for; None when nothing is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedBackgroundProcess:
    """One background process as it was seen last. `missing` is how many processes less than wanted are running.

    While nobody knows what became of its processes, that and all figures of them are None.
    """

    background_process: BackgroundProcessId
    instance: InstanceId
    environment: EnvironmentId
    name: str
    sample: Sample
    missing: int | None
    crash_looping: int | None
    restarts_total: int
    application_name: str = ""
    environment_name: str = ""
    reason: str = ""
    """How one of its processes ended last that does not run well."""


Looked = Callable[[Sequence[ObservedBackgroundProcess], float], None]


@dataclass(slots=True)
class _Restarts:
    """How often the processes of one background process began another life, counted since this server started."""

    seen: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def take(self, processes: Iterable[Process]) -> int:
        """Return how many restarts there were since the last time."""
        now = {process.id: process.restarts for process in processes}
        new = sum(max(0, count - self.seen.get(id, count)) for id, count in now.items())
        self.seen = now
        self.total += new
        return new


class Sampler:
    """Takes samples, keeps the last of them at hand, and hands them to who looks for what is wrong."""

    def __init__(
        self,
        control: RunningProcesses,
        metrics: MetricStore,
        queues: QueueGauge,
        stalls: StallDetector,
        looked: Looked,
    ) -> None:
        self._control = control
        self._metrics = metrics
        self._queues = queues
        self._stalls = stalls
        self._looked = looked
        self._restarts: defaultdict[BackgroundProcessId, _Restarts] = defaultdict(_Restarts)
        self._flush_at = 0.0
        self.observed: Sequence[ObservedBackgroundProcess] = ()

    async def run(self) -> None:
        """Sample until cancelled, on the beat of the clock, so that charts have their points at even moments."""
        while True:
            try:
                await self._sample()
            except Exception:  # noqa: BLE001 - a gap in a chart is no reason to stop
                _log.exception("Cannot take samples; trying again.", action="metrics.failed")
            await asyncio.sleep(SAMPLE_SECONDS - time.time() % SAMPLE_SECONDS)

    async def _sample(self) -> None:
        now = time.time()
        store = self._control.store
        rows = await store.read(lambda connection: started(connection, store.host))
        measured = await self._queues.read(rows)
        self.observed = [self._observe(row, measured.get(row.background_process.id)) for row in rows]
        known = {each.background_process for each in self.observed}
        for gone in self._restarts.keys() - known:
            del self._restarts[gone]
        samples: dict[str, Sample] = {each.background_process: each.sample for each in self.observed}
        samples |= _of_instances(rows, self.observed)
        await self._metrics.record(now, samples)
        self._looked(self.observed, now)
        await self._stalls.look(measured)
        if time.monotonic() >= self._flush_at:
            self._flush_at = time.monotonic() + _FLUSH_SECONDS
            await self._metrics.flush(now)

    def _observe(self, row: Wanted, measured: Measurement | None) -> ObservedBackgroundProcess:
        found = row.background_process
        processes = self._control.processes(found.id)
        restarts = self._restarts[found.id]
        new = restarts.take(processes)
        is_stale = any(process.stale_since is not None for process in processes)
        states = Counter(process.state for process in processes)
        cpu, memory_bytes = _used(processes)
        return ObservedBackgroundProcess(
            background_process=found.id,
            instance=found.instance_id,
            environment=row.environment_id,
            name=found.command,
            sample=_with_queue(
                Sample(
                    cpu=cpu,
                    memory_bytes=memory_bytes,
                    running=None if is_stale else states[ProcessState.RUNNING],
                    draining=None if is_stale else states[ProcessState.DRAINING],
                    backing_off=None if is_stale else states[ProcessState.BACKING_OFF],
                    restarts=None if is_stale else new,
                ),
                measured,
            ),
            missing=None if is_stale else _missing(self._control.progress(found.id)),
            crash_looping=None if is_stale else sum(process.crash_looping for process in processes),
            restarts_total=restarts.total,
            application_name=row.application_name,
            environment_name=row.environment_name,
            reason=_reason(processes),
        )


def _reason(processes: Sequence[Process]) -> str:
    """Return how the one ended that is told of; empty where all run well."""
    ended = [process.last_exit for process in processes if process.crash_looping and process.last_exit]
    ended += [
        process.last_exit
        for process in processes
        if process.state is ProcessState.BACKING_OFF and process.last_exit
    ]
    return describe(ended[0]) if ended else ""


def _used(processes: Sequence[Process]) -> tuple[float | None, float | None]:
    """Return how many processors and how many bytes of memory they use; None where none of it was counted.

    One that was just born is counted only a few seconds later, and is left out until then.
    """
    counted = [process.usage for process in processes if process.pid and process.usage]
    if not counted:
        return None, None
    cpu = [usage.cpu_percent for usage in counted if usage.cpu_percent is not None]
    memory = [usage.memory_bytes for usage in counted if usage.memory_bytes is not None]
    return (sum(cpu) / 100 if cpu else None), (sum(memory) if memory else None)


def _missing(progress: Progress | None) -> int | None:
    """Return how many processes less than wanted are running; those that are about to be replaced run too."""
    return None if progress is None else max(0, progress.wanted - progress.current - progress.outdated)


def _with_queue(sample: Sample, measured: Measurement | None) -> Sample:
    if measured is None:
        return sample
    flow = measured.flow
    return replace(
        sample,
        queue_length=measured.available,
        oldest_age_seconds=measured.oldest.at_least_seconds if measured.oldest else None,
        throughput=flow.taken * 60 / flow.seconds if flow and flow.seconds else None,
        failed_jobs=measured.failed,
    )


def _of_instances(rows: Iterable[Wanted], observed: Iterable[ObservedBackgroundProcess]) -> dict[str, Sample]:
    """Return the samples of the instances: those of their background processes, added up."""
    replicas = {row.background_process.instance_id: row.replicas for row in rows}
    found: dict[str, Sample] = {}
    for each in observed:
        before = found.get(each.instance, Sample(replicas=replicas[each.instance]))
        found[each.instance] = _sum(before, each.sample)
    return found


def _sum(first: Sample, second: Sample) -> Sample:
    pairs = (
        (field.name, getattr(first, field.name), getattr(second, field.name)) for field in fields(Sample)
    )
    return Sample(**{name: _plus(one, other) for name, one, other in pairs})


def _plus(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
