"""The steps of a deployment in answers (contract sheet, section 6)."""

from msgspec import UNSET, Struct, UnsetType

from engineroom.model.applications.deployment import Deployment, DeploymentStatus


class DeploymentStep(Struct, omit_defaults=True):
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
    steps: list[DeploymentStep]


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


_SKIPPED = (
    (
        "php.command",
        "The code runs in place: its build command is not run. Run it yourself before deploying.",
    ),
)
_RESTART = "Replace every process of the environment, a few at a time"


def logs(deployment: Deployment) -> DeploymentLogs:
    """Return the steps: of code that runs in place nothing is built, and only its processes are replaced."""
    build = [DeploymentStep(step, "skipped", description) for step, description in _SKIPPED]
    deploy = [
        DeploymentStep(
            "deploy.command", "skipped", "The deploy command is not run for code that runs in place."
        )
    ]
    if deployment.started_at is not None:
        deploy.append(_restart(deployment))
    return DeploymentLogs(
        StepGroups(Steps(True, build), Steps(deployment.started_at is not None, deploy)),
        DeploymentLogsMeta(deployment.status),
    )


def _restart(deployment: Deployment) -> DeploymentStep:
    if deployment.started_at is None or deployment.finished_at is None:
        return DeploymentStep("stack", "running", _RESTART)
    lasted = deployment.finished_at - deployment.started_at
    seconds = int(lasted.total_seconds())
    return DeploymentStep(
        "stack",
        "finished" if deployment.status is DeploymentStatus.DEPLOYMENT_SUCCEEDED else "failed",
        _RESTART,
        output=deployment.failure_reason or UNSET,
        time=f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        duration_ms=int(lasted.total_seconds() * 1000),
    )
