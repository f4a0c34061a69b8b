"""Deployments in answers (contract sheet, section 6)."""

from msgspec import UNSET, Struct, UnsetType

from engineroom.api.calls.call import Call
from engineroom.api.document.jsonapi import Attributes, Resource, Timestamp, timestamp_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.model.applications.deployment import Deployment, DeploymentStatus


class DeploymentAttributes(Attributes):
    """What is shown of a deployment. Commit hash and message are empty where the folder has no repository."""

    status: DeploymentStatus
    branch_name: str
    commit_hash: str
    commit_message: str
    commit_author: str | None
    failure_reason: str | None
    php_major_version: str
    build_command: str | None
    node_version: str
    uses_octane: bool
    uses_hibernation: bool
    hibernation_wake_up_interval: int | None
    started_at: Timestamp | None
    finished_at: Timestamp | None


class Step(Struct, omit_defaults=True):
    """One step of a deployment."""

    step: str
    status: str
    description: str
    output: str | UnsetType = UNSET
    time: str | UnsetType = UNSET
    duration_ms: int | UnsetType = UNSET


class Steps(Struct):
    """The steps of building, or of deploying."""

    available: bool
    steps: list[Step]


class StepGroups(Struct):
    """Both groups of steps."""

    build: Steps
    deploy: Steps


class DeploymentLogsMeta(Struct):
    """How far the deployment is."""

    deployment_status: DeploymentStatus


class DeploymentLogs(Struct):
    """The answer: it is no JSON:API document."""

    data: StepGroups
    meta: DeploymentLogsMeta


TYPE = ResourceType("deployments", DeploymentAttributes, has_links=True)

_SKIPPED = (
    (
        "php.command",
        "The code runs in place: its build command is not run. Run it yourself before deploying.",
    ),
)
_RESTART = "Replace every process of the environment, a few at a time"


def show(call: Call, deployment: Deployment) -> Resource:
    """Return the resource of a deployment."""
    return Resource(
        deployment.id,
        TYPE.name,
        DeploymentAttributes(
            status=deployment.status,
            branch_name=deployment.branch,
            commit_hash=deployment.commit.hash,
            commit_message=deployment.commit.message,
            commit_author=deployment.commit.author,
            failure_reason=deployment.failure_reason,
            php_major_version=deployment.php_version,
            build_command=deployment.build_command,
            node_version=deployment.node_version,
            uses_octane=deployment.uses_octane,
            uses_hibernation=deployment.uses_hibernation,
            hibernation_wake_up_interval=deployment.hibernation_wake_up_interval,
            started_at=timestamp_or_none(deployment.started_at),
            finished_at=timestamp_or_none(deployment.finished_at),
        ),
        links={"self": {"href": f"{call.base_url}/api/deployments/{deployment.id}"}},
    )


def logs(deployment: Deployment) -> DeploymentLogs:
    """Return the steps: of code that runs in place nothing is built, and only its processes are replaced."""
    build = [Step(step, "skipped", description) for step, description in _SKIPPED]
    deploy = [Step("deploy.command", "skipped", "The deploy command is not run for code that runs in place.")]
    if deployment.started_at is not None:
        deploy.append(_restart(deployment))
    return DeploymentLogs(
        StepGroups(Steps(True, build), Steps(deployment.started_at is not None, deploy)),
        DeploymentLogsMeta(deployment.status),
    )


def _restart(deployment: Deployment) -> Step:
    if deployment.started_at is None or deployment.finished_at is None:
        return Step("stack", "running", _RESTART)
    lasted = deployment.finished_at - deployment.started_at
    seconds = int(lasted.total_seconds())
    return Step(
        "stack",
        "finished" if deployment.status is DeploymentStatus.DEPLOYMENT_SUCCEEDED else "failed",
        _RESTART,
        output=deployment.failure_reason or UNSET,
        time=f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        duration_ms=int(lasted.total_seconds() * 1000),
    )
