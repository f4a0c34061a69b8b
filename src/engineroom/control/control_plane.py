"""The control plane without its face: what the API asks, and the loops between store and runtime."""

import asyncio
from collections.abc import Collection, Iterable, Sequence

from engineroom.control.folders.git import commit_in
from engineroom.control.folders.inspection import elsewhere, look, other_host
from engineroom.control.host_probe import UNKNOWN_HOST, HostProbe
from engineroom.control.loops.timings import TIMINGS, Timings
from engineroom.control.scaling.state import ScalingState
from engineroom.control.wiring import wired
from engineroom.model.applications.deployment import Commit
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.folder import FolderGrant, FolderInspection
from engineroom.model.ids import BackgroundProcessId, InstanceId, OrganizationId
from engineroom.model.instances.capacity import Capacity
from engineroom.model.instances.replica import Replica
from engineroom.model.operation import Progress
from engineroom.model.processes.process import Process
from engineroom.runtime.base import Report, Runtime
from engineroom.store import Store
from engineroom.telemetry import Telemetry
from engineroom.telemetry.prometheus import Metric


class ControlPlane:
    """What the API works with. `open` starts the loops; `close` ends them and leaves every process running."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        telemetry: Telemetry,
        probe: HostProbe = UNKNOWN_HOST,
        timings: Timings = TIMINGS,
    ) -> None:
        self.store = store
        self.logs = telemetry.logs
        self.metrics = telemetry.metrics
        self._runtime = runtime
        self._probe = probe
        self.parts = wired(store, runtime, telemetry, probe, timings)
        self.alerts = self.parts.alerts
        self._running: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect the runtime and start the loops. Raises RuntimeUnavailableError when it cannot be reached."""
        await self._runtime.open(self._take, await self.parts.recorder.recorded_up_to())
        if self.parts.heartbeats is not None:
            await self.parts.heartbeats.open()
        self.alerts.open()
        self._running = [asyncio.create_task(loop.run()) for loop in self.parts.loops]

    async def close(self) -> None:
        """End the loops and disconnect the runtime."""
        await self._end_loops()
        await self._runtime.close()

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """Drain everything that runs, for good, and end the loops."""
        await self._end_loops()
        await self._runtime.drain(stop_timeout_seconds=stop_timeout_seconds)

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Have what should be of these looked at now: it has changed."""
        self.parts.reconciler.wake(ids)

    def begin(self) -> None:
        """Have deployments and commands that were asked for looked at now."""
        self.parts.deployer.wake()
        self.parts.command_runner.wake()

    async def commit_in(self, environment: Environment) -> Commit:
        """Return the commit that is checked out in its folder; an empty one where that cannot be found out."""
        return await commit_in(self.parts.sandbox, environment.directory, environment.os_user)

    async def folder(self, environment: Environment, organization: OrganizationId) -> FolderInspection:
        """Return what the folder of an organization's environment is now."""
        host = await self.store.read(lambda connection: other_host(connection, environment, self.store.host))
        if host is not None:
            return elsewhere(environment, host)
        allowed = await asyncio.to_thread(self.folders, organization)
        return await look(self.parts.sandbox, environment, allowed)

    def folders(self, organization: OrganizationId) -> Sequence[FolderGrant]:
        """Return the folders that an organization may run code in."""
        return self._probe.folders(organization)

    @property
    def absence(self) -> str | None:
        """Why nobody knows what runs, and what to do; None while the runtime is not missed."""
        return self._runtime.absence

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
        return self.parts.reconciler.progress(background_process)

    def scaling(self, background_process: BackgroundProcessId) -> ScalingState | None:
        """Return what is known of the scaling of a background process; None when nothing scales it."""
        return self.parts.scaling.get(background_process)

    def current_metrics(self, instances: Collection[InstanceId]) -> Sequence[Metric]:
        """Return what was measured last of the background processes of these instances."""
        observed = self.parts.sampler.observed
        return self.parts.metrics.of([each for each in observed if each.instance in instances])

    def _take(self, report: Report) -> None:
        self.parts.recorder.take(report)
        self.parts.reconciler.meet(report.changed)
        self.parts.misunderstandings.take(report.events)
        self.parts.ingester.note_events(report.events)

    async def _end_loops(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self.parts.heartbeats is not None:
            await self.parts.heartbeats.close()
        await self.alerts.close()
        await self.parts.queues.close()
        await self.parts.sandbox.close()
        self._running = []
