"""A deployment: the code in an environment's folder put to work, by replacing every process gracefully."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engineroom.model.applications.environment import Environment
from engineroom.model.ids import DeploymentId, EnvironmentId, OperationId

NO_FOLDER = (
    "The environment has no folder on this host, so there is nothing to run. Give it one with the field directory in a "
    "PATCH of the environment, and deploy again."
)
"""Why a deployment fails whose environment has no folder."""


class DeploymentStatus(StrEnum):
    """Contract sheet, section 6. Of code that runs in place nothing is built, so no `build.…` status is ever reached."""

    PENDING = "pending"
    BUILD_PENDING = "build.pending"
    BUILD_CREATED = "build.created"
    BUILD_QUEUED = "build.queued"
    BUILD_RUNNING = "build.running"
    BUILD_SUCCEEDED = "build.succeeded"
    BUILD_FAILED = "build.failed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DEPLOYMENT_PENDING = "deployment.pending"
    DEPLOYMENT_CREATED = "deployment.created"
    DEPLOYMENT_QUEUED = "deployment.queued"
    DEPLOYMENT_RUNNING = "deployment.running"
    DEPLOYMENT_SUCCEEDED = "deployment.succeeded"
    DEPLOYMENT_FAILED = "deployment.failed"


UNDER_WAY = frozenset({DeploymentStatus.PENDING, DeploymentStatus.DEPLOYMENT_RUNNING})
"""The statuses from which the deployer goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What is checked out in a folder; all of it is empty where that cannot be read."""

    hash: str = ""
    message: str = ""
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment, with what the environment was like when it began."""

    id: DeploymentId
    environment_id: EnvironmentId
    operation_id: OperationId
    status: DeploymentStatus
    branch: str
    commit: Commit
    failure_reason: str | None
    php_version: str
    build_command: str | None
    node_version: str
    uses_octane: bool
    uses_hibernation: bool
    hibernation_wake_up_interval: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def pending(
    id: DeploymentId, operation_id: OperationId, environment: Environment, commit: Commit, at: datetime
) -> Deployment:
    """Return a new deployment of an environment."""
    settings = environment.settings
    return Deployment(
        id=id,
        environment_id=environment.id,
        operation_id=operation_id,
        status=DeploymentStatus.PENDING,
        branch=environment.branch,
        commit=commit,
        failure_reason=None,
        php_version=settings.php_version,
        build_command=settings.build_command,
        node_version=settings.node_version,
        uses_octane=settings.uses_octane,
        uses_hibernation=environment.hibernation_timeout_minutes is not None,
        hibernation_wake_up_interval=settings.hibernation_wake_up_interval,
        created_at=at,
        started_at=None,
        finished_at=None,
    )
