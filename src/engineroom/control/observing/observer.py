"""Observe one background process: what its processes use, how many are missing, how they ended."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.operation import Progress
from engineroom.model.processes.exits import describe
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.queue import Measurement
from engineroom.store.queries.wanted import Wanted
from engineroom.telemetry.metrics.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedBackgroundProcess:
    """One background process as it was seen last. `missing` is how many processes fewer than wanted are running.

    While nobody knows what became of its processes, that and all measurements of them are None.
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


@dataclass(slots=True)
class _RestartCounter:
    """Count how often the processes of one background process were restarted, since this server started."""

    seen: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def take(self, processes: Iterable[Process]) -> int:
        """Return how many restarts there were since the last time."""
        now = {process.id: process.restarts for process in processes}
        new = sum(max(0, count - self.seen.get(id, count)) for id, count in now.items())
        self.seen = now
        self.total += new
        return new


class Observer:
    """Observe background processes again and again, and count their restarts meanwhile."""

    def __init__(
        self,
        processes: Callable[[BackgroundProcessId], Sequence[Process]],
        progress: Callable[[BackgroundProcessId], Progress | None],
    ) -> None:
        self._processes = processes
        self._progress = progress
        self._restarts: defaultdict[BackgroundProcessId, _RestartCounter] = defaultdict(_RestartCounter)

    def observe(self, row: Wanted, measured: Measurement | None) -> ObservedBackgroundProcess:
        """Return a background process as it is now, with its queue as measured."""
        found = row.background_process
        processes = self._processes(found.id)
        restarts = self._restarts[found.id]
        new = restarts.take(processes)
        is_stale = any(process.stale_since is not None for process in processes)
        sample = _sample(processes, None if is_stale else new, is_stale=is_stale)
        return ObservedBackgroundProcess(
            background_process=found.id,
            instance=found.instance_id,
            environment=row.environment_id,
            name=found.command,
            sample=_with_queue(sample, measured),
            missing=None if is_stale else _missing(self._progress(found.id)),
            crash_looping=None if is_stale else sum(process.crash_looping for process in processes),
            restarts_total=restarts.total,
            application_name=row.application_name,
            environment_name=row.environment_name,
            reason=_reason(processes),
        )

    def keep_only(self, known: Collection[BackgroundProcessId]) -> None:
        """Forget the restarts of all others."""
        for gone in self._restarts.keys() - known:
            del self._restarts[gone]


def _sample(processes: Sequence[Process], restarts: int | None, *, is_stale: bool) -> Sample:
    states = Counter(process.state for process in processes)
    cpu, memory_bytes = _used(processes)
    return Sample(
        cpu=cpu,
        memory_bytes=memory_bytes,
        running=None if is_stale else states[ProcessState.RUNNING],
        draining=None if is_stale else states[ProcessState.DRAINING],
        backing_off=None if is_stale else states[ProcessState.BACKING_OFF],
        restarts=restarts,
    )


def _reason(processes: Sequence[Process]) -> str:
    """Return how the process ended that people are to hear of; empty where all run well."""
    ended = [process.last_exit for process in processes if process.crash_looping and process.last_exit]
    ended += [
        process.last_exit
        for process in processes
        if process.state is ProcessState.BACKING_OFF and process.last_exit
    ]
    return describe(ended[0]) if ended else ""


def _used(processes: Sequence[Process]) -> tuple[float | None, float | None]:
    """Return how many processors and how many bytes of memory they use; None where none of it was counted.

    A process that was just born is counted only a few seconds later, and is left out until then.
    """
    counted = [process.usage for process in processes if process.pid and process.usage]
    if not counted:
        return None, None
    cpu = [usage.cpu_percent for usage in counted if usage.cpu_percent is not None]
    memory = [usage.memory_bytes for usage in counted if usage.memory_bytes is not None]
    return (sum(cpu) / 100 if cpu else None), (sum(memory) if memory else None)


def _missing(progress: Progress | None) -> int | None:
    """Return how many processes fewer than wanted are running; those that are about to be replaced run too."""
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
