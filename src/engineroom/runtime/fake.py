"""A runtime that runs nothing: its processes are values, and how they behave is scripted. For tests and dry runs."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from signal import SIGTERM

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, InstanceId, RunId, new_event_id
from engineroom.model.instances.limits import Usage
from engineroom.model.instances.replica import Replica
from engineroom.model.logs.output import Chunk, StreamId, StreamName
from engineroom.model.processes.exits import Exit, describe
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.run import Finished, Run
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import Capabilities, Listener, Report, RuntimeUnavailableError
from engineroom.runtime.fake_output import FakeOutput
from engineroom.runtime.fake_steps import Drain, Slot, StartStep, next_steps
from engineroom.runtime.replicas import replicas_of

_FIRST_PID = 1 << 22
"""No process of Linux has a pid so large (proc(5), pid_max), so nobody is hit when one of ours is signalled."""

_DELAY = timedelta(seconds=1)
_CRASH_LOOPING_FROM = 3


@dataclass(slots=True)
class Script:
    """How the processes of one background process behave. What is changed holds for what happens next."""

    start_failure: tuple[int, str] | None = None
    """The error number and the path with which starts fail; None: they succeed."""
    holds_starts: bool = False
    """Starts take until `start_now`."""
    holds_drains: bool = False
    """Draining takes until `end_drains`, or until it is forced."""


class FakeRuntime:
    """See `engineroom.runtime.base.Runtime`. Closed and opened again, it still has its processes."""

    capabilities = Capabilities(name="fake", multiple_hosts=False, unlimited={})

    def __init__(self) -> None:
        self.available = True
        self.usage: Usage | None = None
        self._scripts: dict[BackgroundProcessId, Script] = defaultdict(Script)
        self._workloads: dict[BackgroundProcessId, Workload] = {}
        self._stop_timeouts: dict[BackgroundProcessId, float] = defaultdict(float)
        self._processes: dict[str, Process] = {}
        self._events: list[Event] = []
        self._begun: set[RunId] = set()
        self._reported = 0
        self._runs: dict[RunId, Run] = {}
        self._finished: list[Finished] = []
        self._changed: set[BackgroundProcessId] = set()
        self._listener: Listener | None = None
        self._emptied = asyncio.Event()
        self._pids = itertools.count(_FIRST_PID)
        self._numbers = itertools.count(1)
        self._output = FakeOutput()

    # The protocol

    @property
    def reachable(self) -> bool:
        """See Runtime.reachable."""
        return self.available

    @property
    def missed(self) -> bool:
        """See Runtime.missed."""
        return not self.reachable

    @property
    def absence(self) -> str | None:
        """See Runtime.absence."""
        return "the fake runtime is scripted to be unavailable" if self.missed else None

    async def open(self, listener: Listener, cursor: str | None) -> None:
        """See Runtime.open. The cursor is the number of events that were reported before."""
        self._require_available()
        self._listener = listener
        self._reported = int(cursor or 0)
        self._changed.update(self.background_processes())
        self._report()

    async def apply(self, workloads: Sequence[Workload]) -> None:
        """See Runtime.apply."""
        self._require_available()
        for workload in workloads:
            self._workloads[workload.background_process] = workload
            self._stop_timeouts[workload.background_process] = workload.stop_timeout_seconds
        self._settle(workload.background_process for workload in workloads)

    async def remove(
        self,
        background_processes: Sequence[BackgroundProcessId],
        *,
        stop_timeout_seconds: float,
        force: bool = False,
    ) -> None:
        """See Runtime.remove."""
        self._require_available()
        for background_process in background_processes:
            self._workloads.pop(background_process, None)
            self._stop_timeouts[background_process] = stop_timeout_seconds
            for process in self.processes(background_process):
                if force:
                    self._kill(process)
                else:
                    self._drain(process)
        self._settle(background_processes)

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """See Runtime.processes."""
        found = [
            replace(entry, usage=self.usage)
            for entry in self._processes.values()
            if entry.background_process == background_process
        ]
        return sorted(found, key=lambda process: (process.replica, process.index, process.id))

    def replicas(self, instance: InstanceId) -> Sequence[Replica]:
        """See Runtime.replicas. What is scripted as used is what each replica uses, and each process."""
        return replicas_of(instance, self._workloads.values(), self.processes, lambda number: self.usage)  # noqa: ARG005

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """See Runtime.background_processes."""
        return frozenset(process.background_process for process in self._processes.values())

    async def run(self, runs: Sequence[Run]) -> None:
        """See Runtime.run."""
        self._require_available()
        self._runs.update({run.id: run for run in runs if run.id not in self._begun})
        self._begun.update(run.id for run in runs)

    async def end_runs(self, runs: Sequence[RunId], *, stop_timeout_seconds: float) -> None:
        """See Runtime.end_runs. They end at once."""
        del stop_timeout_seconds
        self._require_available()
        for run in runs:
            self.finish(run, signal=SIGTERM)

    def runs(self) -> frozenset[RunId]:
        """See Runtime.runs."""
        return frozenset(self._runs)

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """See Runtime.drain."""
        await self.remove(tuple(self.background_processes()), stop_timeout_seconds=stop_timeout_seconds)
        while self._processes:
            self._emptied.clear()
            await self._emptied.wait()

    async def close(self) -> None:
        """See Runtime.close."""
        self._listener = None

    async def read_output(self, after: Mapping[StreamId, int], *, limit_bytes: int) -> Sequence[Chunk]:
        """See Output.read_output."""
        self._require_available()
        return self._output.read(after, limit_bytes)

    def look_at_output(self, processes: Iterable[str]) -> None:
        """See Output.look_at_output: everything is seen at once."""

    async def acknowledge_output(self, upto: Mapping[StreamId, int]) -> None:
        """See Output.acknowledge_output."""
        self._require_available()
        self._output.acknowledge(upto)

    # The script

    def finish(
        self, run: RunId, *, code: int | None = None, signal: int | None = None, output: str = ""
    ) -> None:
        """Have a run be over."""
        if self._runs.pop(run, None) is None:
            return
        ended = Exit(at=_now(), lived_seconds=1.0, code=code, signal=signal, asked=signal == SIGTERM)
        self._finished.append(Finished(id=run, exit=ended, output=output))
        self._report()

    def run_of(self, run: RunId) -> Run:
        """Return what is carried out by a run that is not over."""
        return self._runs[run]

    def lose_run(self, run: RunId) -> None:
        """Have a run be gone without that anybody tells how it ended."""
        self._runs.pop(run)

    def print(self, id: str, data: bytes, stream: StreamName = "stdout") -> None:
        """Have a process print this."""
        self._output.write(self._processes[id], data, stream)

    def lose(self, id: str, size: int, stream: StreamName = "stdout") -> None:
        """Drop the oldest bytes of what a process has printed, as if there had been no more room for them."""
        self._output.lose(StreamId(id, stream), size)

    def script(self, background_process: BackgroundProcessId) -> Script:
        """Return the script of a background process, to be changed."""
        return self._scripts[background_process]

    def start_now(self, background_process: BackgroundProcessId) -> None:
        """Have what is starting or backing off try to start now."""
        for process in self.processes(background_process):
            if process.state in (ProcessState.STARTING, ProcessState.BACKING_OFF):
                self._come_up(process)
        self._settle([background_process])

    def end_drains(self, background_process: BackgroundProcessId) -> None:
        """Have what is draining be gone now."""
        for process in self.processes(background_process):
            if process.state is ProcessState.DRAINING:
                self._stopped(process)
        self._settle([background_process])

    def exit(self, id: str, *, code: int | None = None, signal: int | None = None) -> None:
        """Have a process end; one that was not draining starts again as its script says."""
        process = self._processes[id]
        self._output.end_life(process)
        if process.state is ProcessState.DRAINING:
            self._stopped(process)
            self._settle([process.background_process])
            return
        lived = (_now() - process.started_at).total_seconds() if process.started_at else 0.0
        ended = Exit(at=_now(), lived_seconds=lived, code=code, signal=signal)
        starting = replace(
            process,
            state=ProcessState.STARTING,
            pid=None,
            restarts=process.restarts + 1,
            last_exit=ended,
        )
        self._have(starting, "process.exited", f"ended: {describe(ended)}")
        self._come_up_unless_held(starting)
        self._settle([process.background_process])

    # What follows

    def tell(self, event: Event) -> None:
        """Report an event of the runtime itself."""
        self._events.append(event)
        self._report()

    def _settle(self, background_processes: Iterable[BackgroundProcessId]) -> None:
        """Do one step after the other until there is none, and report what became of it."""
        for background_process in background_processes:
            workload = self._workloads.get(background_process)
            while workload is not None:
                steps = next_steps(workload, self.processes(background_process))
                if not steps:
                    break
                for step in steps:
                    match step:
                        case StartStep(slot):
                            self._start(workload, slot)
                        case Drain(id):
                            self._drain(self._processes[id])
        self._report()

    def _start(self, workload: Workload, slot: Slot) -> None:
        replica, index = slot
        process = Process(
            id=f"{workload.background_process}-{next(self._numbers)}",
            background_process=workload.background_process,
            replica=replica,
            index=index,
            fingerprint=workload.fingerprint,
            state=ProcessState.STARTING,
        )
        self._have(process)
        self._come_up_unless_held(process)

    def _come_up_unless_held(self, process: Process) -> None:
        if not self._scripts[process.background_process].holds_starts:
            self._come_up(process)

    def _come_up(self, process: Process) -> None:
        failure = self._scripts[process.background_process].start_failure
        if failure is not None:
            self._fail(process, *failure)
            return
        running = replace(
            process,
            state=ProcessState.RUNNING,
            pid=next(self._pids),
            started_at=_now(),
            next_start_at=None,
            crash_looping=False,
        )
        self._have(running, "process.started", f"runs as pid {running.pid}")

    def _fail(self, process: Process, error_number: int, path: str) -> None:
        ended = Exit(at=_now(), lived_seconds=0.0, error_number=error_number, path=path)
        failed = replace(
            process,
            state=ProcessState.BACKING_OFF,
            restarts=process.restarts + 1,
            crash_looping=process.restarts + 1 >= _CRASH_LOOPING_FROM,
            next_start_at=_now() + _DELAY,
            last_exit=ended,
        )
        self._have(failed, "process.start_failed", describe(ended))

    def _drain(self, process: Process) -> None:
        if process.state is ProcessState.DRAINING:
            return
        timeout = timedelta(seconds=self._stop_timeouts[process.background_process])
        draining = replace(
            process, state=ProcessState.DRAINING, next_start_at=None, deadline_at=_now() + timeout
        )
        self._have(draining, "process.draining", "was asked to stop")
        if not self._scripts[process.background_process].holds_drains:
            self._stopped(draining)

    def _kill(self, process: Process) -> None:
        killed = replace(process, state=ProcessState.DRAINING, next_start_at=None, deadline_at=_now())
        self._have(killed, "process.killed", "is killed, as asked")
        self._stopped(killed)

    def _stopped(self, process: Process) -> None:
        self._output.end_life(process)
        self._output.forget_when_read(process.id)
        self._have(process, "process.stopped", "is gone, and nothing of it is left")
        del self._processes[process.id]
        if not self._processes:
            self._emptied.set()

    def _have(self, process: Process, kind: str | None = None, phrase: str = "") -> None:
        """Have the process be so from now on, and with a `kind` tell of it."""
        self._processes[process.id] = process
        self._changed.add(process.background_process)
        if kind is not None:
            self._events.append(_event(process, kind, phrase))

    def _report(self) -> None:
        new = self._events[self._reported :]
        if self._listener is None or not (new or self._changed or self._finished):
            return
        self._reported = len(self._events)
        changed, self._changed = frozenset(self._changed), set()
        finished, self._finished = self._finished, []
        self._listener(Report(changed=changed, events=new, cursor=str(self._reported), finished=finished))

    def _require_available(self) -> None:
        if not self.available:
            raise RuntimeUnavailableError("the fake runtime is scripted to be unavailable; make it available")


def _event(process: Process, kind: str, phrase: str) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=process.background_process,
        kind=kind,
        message=f"Process {process.index} of replica {process.replica} {phrase}.",
        data={
            "process": process.id,
            "replica": process.replica,
            "index": process.index,
            "pid": process.pid,
            "restarts": process.restarts,
        },
        at=_now(),
    )


def _now() -> datetime:
    return datetime.now(UTC)
