"""The control plane without its face: the store, the runtime, and the loops between them."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Protocol

from engineroom.control.folders.git import commit_in
from engineroom.control.folders.inspection import elsewhere, look, other_host
from engineroom.control.host_probe import UNKNOWN_HOST, HostProbe
from engineroom.control.loops.command_runner import CommandRunner
from engineroom.control.loops.deployer import Deployer
from engineroom.control.loops.heartbeats import Heartbeats
from engineroom.control.loops.poller import Poller
from engineroom.control.loops.reconciler import Reconciler
from engineroom.control.loops.recorder import Recorder
from engineroom.control.loops.scheduler import Scheduler
from engineroom.control.observing.alert_evaluation import AlertEvaluation
from engineroom.control.observing.exporter import Exporter
from engineroom.control.observing.ingester import Ingester
from engineroom.control.observing.last_lines import last_lines
from engineroom.control.observing.metrics import metrics_of
from engineroom.control.observing.misunderstandings import Misunderstandings
from engineroom.control.observing.sampler import ObservedBackgroundProcess, Sampler
from engineroom.control.queues.gauge import QueueGauge
from engineroom.control.queues.reader import QueueReader
from engineroom.control.scaling.autoscaler import Autoscaler
from engineroom.control.scaling.replica_autoscaler import ReplicaAutoscaler
from engineroom.control.scaling.stall_watch import StallDetector
from engineroom.control.scaling.state import ScalingState
from engineroom.model.applications.deployment import Commit
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.folder import FolderGrant, FolderInspection
from engineroom.model.ids import BackgroundProcessId, InstanceId, OrganizationId
from engineroom.model.instances.capacity import Capacity
from engineroom.model.instances.replica import Replica
from engineroom.model.operation import Progress
from engineroom.model.processes.process import Process
from engineroom.runtime.base import Report, Runtime
from engineroom.sandbox import Sandbox
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.telemetry import Telemetry
from engineroom.telemetry.prometheus import Metric


class ControlLoop(Protocol):
    """What goes on for as long as the control plane is open."""

    async def run(self) -> None:
        """Run until cancelled."""


class ControlPlane:
    """What the API works with. `open` starts the loops; `close` ends them and leaves every process running."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        telemetry: Telemetry,
        probe: HostProbe = UNKNOWN_HOST,
    ) -> None:
        self.store = store
        self.logs = telemetry.logs
        self.metrics = telemetry.metrics
        self._probe = probe
        self._runtime = runtime
        self._sandbox = Sandbox(probe.keeper_folder)
        self._queues = QueueReader(self._sandbox, probe.clock, probe.queue_networks)
        self._autoscaler = Autoscaler(store, runtime.processes, self.wake, probe, self._queues)
        self._reconciler = Reconciler(store, runtime, self._autoscaler.busy)
        name = runtime.capabilities.name
        self._cursor = name if store.host is None else f"{name}@{store.host}"
        self._recorder = Recorder(store, self._reconciler, runtime=self._cursor, clock=telemetry.clock.now)
        self._replica_autoscaler = ReplicaAutoscaler(
            store, runtime.processes, runtime.replicas, self.wake, probe
        )
        self._scheduler = Scheduler(store, runtime, proven=telemetry.clock.now)
        self._heartbeats = Heartbeats(store, store.host, probe.host_name) if store.host else None
        self._misunderstandings = Misunderstandings(probe.clock)
        self.watch = AlertEvaluation(
            telemetry.alerts,
            telemetry.folder,
            reachable=lambda: not runtime.missed,
            note=self._recorder.note,
            lost=lambda: self._heartbeats.lost if self._heartbeats else (),
            misunderstandings=self._misunderstandings,
            node=probe.host_name,
            last_lines=partial(last_lines, telemetry.logs),
        )
        self._ingester = Ingester(store, runtime, telemetry.logs, self._recorder.note)
        stalls = StallDetector(store, runtime.processes, self._ingester.printed_bytes, self.wake, probe)
        gauge = QueueGauge(self.scaling, self._queues)
        self._exporter = Exporter(telemetry.collector) if telemetry.collector else None
        self._sampler = Sampler(self, telemetry.metrics, gauge, stalls, self._looked)
        self._deployer = Poller("deploy", Deployer(store, runtime, self._reconciler).look)
        self._command_runner = Poller("command", CommandRunner(store, runtime).look)
        self._loops: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect the runtime and start the loops. Raises RuntimeUnavailableError when it cannot be reached."""
        cursor = await self.store.read(lambda connection: events.cursor_of(connection, self._cursor))
        await self._runtime.open(self._take, cursor)
        if self._heartbeats is not None:
            await self._heartbeats.open()
        self.watch.open()
        self._loops = [asyncio.create_task(loop.run()) for loop in self._all()]

    def _take(self, report: Report) -> None:
        self._recorder.take(report)
        self._reconciler.meet(report.changed)
        self._misunderstandings.take(report.events)
        self._ingester.note_events(report.events)

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Have what should be of these looked at now: it has changed."""
        self._reconciler.wake(ids)

    def begin(self) -> None:
        """Have deployments and commands that were asked for looked at now."""
        self._deployer.wake()
        self._command_runner.wake()

    async def commit_in(self, environment: Environment) -> Commit:
        """Return the commit that is checked out in its folder; an empty one where that cannot be found out."""
        return await commit_in(self._sandbox, environment.directory, environment.os_user)

    async def folder(self, environment: Environment, organization: OrganizationId) -> FolderInspection:
        """Return what the folder of an organization's environment is now."""
        host = await self.store.read(lambda connection: other_host(connection, environment, self.store.host))
        if host is not None:
            return elsewhere(environment, host)
        allowed = await asyncio.to_thread(self.folders, organization)
        return await look(self._sandbox, environment, allowed)

    def folders(self, organization: OrganizationId) -> Sequence[FolderGrant]:
        """Return the folders that an organization may run code in."""
        return self._probe.folders(organization)

    def capacity(self) -> Capacity:
        """Return what all that runs on this host may use together."""
        return self._probe.capacity()

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """Return the live processes of a background process, by replica and index."""
        return self._runtime.processes(background_process)

    def replicas(self, instance: InstanceId) -> Sequence[Replica]:
        """Return the replicas of an instance in which something runs, by number."""
        return self._runtime.replicas(instance)

    def progress(self, background_process: BackgroundProcessId) -> Progress | None:
        """Return how far a background process is from what was asked for; None when nothing is known of it."""
        return self._reconciler.progress(background_process)

    def scaling(self, background_process: BackgroundProcessId) -> ScalingState | None:
        """Return what is known of the scaling of a background process; None when nothing scales it."""
        return self._autoscaler.states.get(background_process)

    def current_metrics(self, instances: Collection[InstanceId]) -> Sequence[Metric]:
        """Return what was measured last of the background processes of these instances."""
        return self._figures([each for each in self._sampler.observed if each.instance in instances])

    def _figures(self, observed: Sequence[ObservedBackgroundProcess]) -> Sequence[Metric]:
        return metrics_of(
            observed,
            firing=len(self.watch.firing),
            followers=self.logs.followers,
            reachable=not self._runtime.missed,
        )

    def _looked(self, observed: Sequence[ObservedBackgroundProcess], now: float) -> None:
        self.watch.take(observed, now)
        if self._exporter is not None:
            self._exporter.take(self._figures(observed))

    async def close(self) -> None:
        """End the loops and disconnect the runtime."""
        await self._end_loops()
        await self._runtime.close()

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """Drain everything that runs, for good, and end the loops."""
        await self._end_loops()
        await self._runtime.drain(stop_timeout_seconds=stop_timeout_seconds)

    def _all(self) -> Sequence[ControlLoop]:
        return (
            self._reconciler,
            self._recorder,
            self._autoscaler,
            self._replica_autoscaler,
            self._scheduler,
            self._deployer,
            self._command_runner,
            self._ingester,
            self._sampler,
            *((self._exporter,) if self._exporter else ()),
            *((self._heartbeats,) if self._heartbeats else ()),
        )

    async def _end_loops(self) -> None:
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._heartbeats is not None:
            await self._heartbeats.close()
        await self.watch.close()
        await self._queues.close()
        await self._sandbox.close()
        self._loops = []
