"""What the API needs of the control plane."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from engineroom.control.observing.alert_evaluation import AlertEvaluation
from engineroom.control.scaling.state import ScalingState
from engineroom.model.applications.deployment import Commit
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.folder import FolderGrant, FolderInspection
from engineroom.model.ids import BackgroundProcessId, InstanceId, OrganizationId
from engineroom.model.instances.capacity import Capacity
from engineroom.model.instances.replica import Replica
from engineroom.model.operation import Progress
from engineroom.model.processes.process import Process
from engineroom.store import Store
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.metrics import MetricStore
from engineroom.telemetry.prometheus import Metric


class ControlPlaneApi(Protocol):
    """The control plane as handlers see it."""

    @property
    def store(self) -> Store:
        """Where what should be is kept."""

    @property
    def logs(self) -> LogStore:
        """What processes wrote."""

    @property
    def metrics(self) -> MetricStore:
        """The history of what was measured."""

    @property
    def alerts(self) -> AlertEvaluation:
        """What evaluates the rules of alerts."""

    async def folder(self, environment: Environment, organization: OrganizationId, /) -> FolderInspection:
        """Return what the folder of an organization's environment is now."""

    def folders(self, organization: OrganizationId, /) -> Sequence[FolderGrant]:
        """Return the folders that an organization may run code in."""

    def current_metrics(self, instances: Collection[InstanceId], /) -> Sequence[Metric]:
        """Return what was measured last of the background processes of these instances."""

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Have what should be of these looked at now."""

    def begin(self) -> None:
        """Have deployments and commands that were asked for looked at now."""

    async def commit_in(self, environment: Environment, /) -> Commit:
        """Return the commit that is checked out in its folder; an empty one where that cannot be found out."""

    @property
    def absence(self) -> str | None:
        """Why nobody knows what runs, and what to do; None while that is known."""

    def capacity(self) -> Capacity:
        """Return what all that runs on this host may use together."""

    def processes(self, background_process: BackgroundProcessId, /) -> Sequence[Process]:
        """Return the live processes of a background process, by replica and index."""

    def replicas(self, instance: InstanceId, /) -> Sequence[Replica]:
        """Return the replicas of an instance in which something runs, by number."""

    def progress(self, background_process: BackgroundProcessId, /) -> Progress | None:
        """Return how far a background process is from what was asked for; None when nothing is known of it."""

    def scaling(self, background_process: BackgroundProcessId, /) -> ScalingState | None:
        """Return what is known of the scaling of a background process; None when nothing scales it."""
