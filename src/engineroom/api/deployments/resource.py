"""Deployments in answers (contract sheet, section 6)."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Timestamp, timestamp_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
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


TYPE = ResourceType("deployments", DeploymentAttributes, has_links=True)


def show(viewer: Viewer, deployment: Deployment) -> Resource:
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
        links={"self": {"href": f"{viewer.base_url}/api/deployments/{deployment.id}"}},
    )
