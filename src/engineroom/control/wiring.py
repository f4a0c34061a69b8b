"""Put the parts of the control plane together: the one place that knows what each of them is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from engineroom.control.host_probe import HostProbe
from engineroom.control.loops.command_runner import CommandRunner
from engineroom.control.loops.deployer import Deployer
from engineroom.control.loops.heartbeats import Heartbeats
from engineroom.control.loops.poller import Poller
from engineroom.control.loops.reconciler import Reconciler
from engineroom.control.loops.recorder import Recorder
from engineroom.control.loops.scheduler import Scheduler
from engineroom.control.loops.timings import Timings
from engineroom.control.observing.alert_evaluation import AlertEvaluation
from engineroom.control.observing.alert_values import AlertValues
from engineroom.control.observing.exporter import Exporter
from engineroom.control.observing.ingester import Ingester
from engineroom.control.observing.last_lines import last_lines
from engineroom.control.observing.metrics import CurrentMetrics
from engineroom.control.observing.misunderstandings import Misunderstandings
from engineroom.control.observing.observer import Observer
from engineroom.control.observing.queue_gauge import QueueGauge
from engineroom.control.observing.sampler import Sampler
from engineroom.control.queues.reader import QueueReader
from engineroom.control.scaling.autoscaler import Autoscaler
from engineroom.control.scaling.replica_autoscaler import ReplicaAutoscaler
from engineroom.control.scaling.stall_detector import StallDetector
from engineroom.control.scaling.state import ScalingStates
from engineroom.runtime.base import Runtime
from engineroom.sandbox import Sandbox
from engineroom.store import Store
from engineroom.telemetry import Telemetry


class ControlLoop(Protocol):
    """What goes on for as long as the control plane is open."""

    async def run(self) -> None:
        """Run until cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The loops, and the parts that somebody asks, wakes or closes."""

    loops: Sequence[ControlLoop]
    sandbox: Sandbox
    queues: QueueReader
    scaling: ScalingStates
    reconciler: Reconciler
    recorder: Recorder
    deployer: Poller
    command_runner: Poller
    heartbeats: Heartbeats | None
    ingester: Ingester
    misunderstandings: Misunderstandings
    alerts: AlertEvaluation
    metrics: CurrentMetrics
    sampler: Sampler


def wired(store: Store, runtime: Runtime, telemetry: Telemetry, probe: HostProbe, timings: Timings) -> Parts:
    """Return the parts, each made after those that it is given."""
    clock, logs, processes = telemetry.clock.now, telemetry.logs, runtime.processes
    sandbox = Sandbox(probe.keeper_folder)
    queues = QueueReader(sandbox, probe.clock, probe.queue_networks)
    scaling = ScalingStates(probe.clock)

    reconciler = Reconciler(store, runtime, scaling.busy, timings)
    wake = reconciler.wake
    recorder = Recorder(store, reconciler, runtime=_name(store, runtime), clock=clock, timings=timings)
    scheduler = Scheduler(store, runtime, proven=clock)
    deployer = Poller("deploy", Deployer(store, runtime, reconciler).look)
    command_runner = Poller("command", CommandRunner(store, runtime, timings).look)
    heartbeats = Heartbeats(store, store.host, probe.host_name) if store.host else None

    autoscaler = Autoscaler(store, probe, states=scaling, reader=queues, processes=processes, wake=wake)
    replica_autoscaler = ReplicaAutoscaler(store, processes, runtime.replicas, wake, probe)

    ingester = Ingester(store, runtime, logs, recorder.note)
    stalls = StallDetector(store, processes, ingester.printed_bytes, wake, probe)
    misunderstandings = Misunderstandings(probe.clock)
    values = AlertValues(
        telemetry.folder,
        reachable=lambda: not runtime.missed,
        lost=lambda: heartbeats.lost if heartbeats else (),
        misunderstandings=misunderstandings,
        node=probe.host_name,
    )
    alerts = AlertEvaluation(
        telemetry.alerts, telemetry.folder, values, recorder.note, partial(last_lines, logs)
    )
    metrics = CurrentMetrics(alerts, logs, runtime)
    exporter = Exporter(telemetry.collector, metrics) if telemetry.collector else None
    sampler = Sampler(
        store,
        telemetry.metrics,
        observer=Observer(processes, reconciler.progress),
        queues=QueueGauge(scaling.get, queues),
        stalls=stalls,
        listeners=[alerts, exporter] if exporter else [alerts],
    )

    loops: list[ControlLoop] = [reconciler, recorder, autoscaler, replica_autoscaler, scheduler]
    loops += [deployer, command_runner, ingester, sampler]
    loops += [optional for optional in (exporter, heartbeats) if optional is not None]
    return Parts(
        loops=loops,
        sandbox=sandbox,
        queues=queues,
        scaling=scaling,
        reconciler=reconciler,
        recorder=recorder,
        deployer=deployer,
        command_runner=command_runner,
        heartbeats=heartbeats,
        ingester=ingester,
        misunderstandings=misunderstandings,
        alerts=alerts,
        metrics=metrics,
        sampler=sampler,
    )


def _name(store: Store, runtime: Runtime) -> str:
    """Return the name under which it is stored how far this runtime's reports are recorded."""
    name = runtime.capabilities.name
    return name if store.host is None else f"{name}@{store.host}"
