"""Queries of deployments."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from engineroom.model.applications.deployment import UNDER_WAY, Commit, Deployment, DeploymentStatus
from engineroom.model.ids import DeploymentId, EnvironmentId, OrganizationId
from engineroom.store.databases.rows import AnyRow, readable
from engineroom.store.queries.paging import Page, PagedSelect, filtered
from engineroom.store.schema.tables import applications, deployments, environments

FILTERS = ("status", "branch_name", "commit_hash")
"""Contract sheet, section 6."""

MAX_INCLUDED = 20
"""How many deployments of each environment are included with it: the newest."""

_NEWEST_FIRST = (deployments.c.created_at.desc(), deployments.c.id.desc())
_INSERT = insert(deployments)
_UPDATE = update(deployments).where(deployments.c.id == bindparam("row_id"))
_ONE = (
    select(deployments)
    .join(environments, environments.c.id == deployments.c.environment_id)
    .join(applications, applications.c.id == environments.c.application_id)
    .where(
        applications.c.organization_id == bindparam("organization_id"),
        environments.c.deleted_at.is_(None),
        deployments.c.id == bindparam("id"),
    )
)
_OF_ENVIRONMENT = (
    select(deployments)
    .where(deployments.c.environment_id == bindparam("environment_id"))
    .order_by(*_NEWEST_FIRST)
)
_LIST = PagedSelect(
    _OF_ENVIRONMENT.where(
        filtered(deployments.c.status, "status"),
        filtered(deployments.c.branch, "branch_name"),
        filtered(deployments.c.commit_hash, "commit_hash"),
    )
)
_NEWEST = _OF_ENVIRONMENT.limit(MAX_INCLUDED)
_CURRENT = _OF_ENVIRONMENT.where(deployments.c.status == DeploymentStatus.DEPLOYMENT_SUCCEEDED).limit(1)
_UNDER_WAY = (
    select(deployments)
    .where(deployments.c.status.in_(UNDER_WAY))
    .order_by(deployments.c.created_at, deployments.c.id)
)
_UNDER_WAY_OF = _UNDER_WAY.where(deployments.c.environment_id == bindparam("environment_id"))


def add(connection: Connection, deployment: Deployment) -> None:
    """Store a new deployment."""
    connection.execute(_INSERT, {"id": deployment.id, **_columns(deployment)})


def replace(connection: Connection, deployment: Deployment) -> None:
    """Store what a deployment has become."""
    connection.execute(_UPDATE, {"row_id": deployment.id, **_columns(deployment)})


def find(
    connection: Connection, organization_id: OrganizationId, deployment_id: DeploymentId
) -> Deployment | None:
    """Return one deployment of an organization."""
    row = connection.execute(_ONE, {"organization_id": organization_id, "id": deployment_id}).one_or_none()
    return None if row is None else _from_row(row)


def page(
    connection: Connection, environment_id: EnvironmentId, number: int, filters: Mapping[str, str | None]
) -> Page[Deployment]:
    """Return a page of an environment's deployments, newest first."""
    rows, total = _LIST.run(connection, number, {**filters, "environment_id": environment_id})
    return Page(number, [_from_row(row) for row in rows], total)


def newest(connection: Connection, environment_id: EnvironmentId) -> list[Deployment]:
    """Return the newest deployments of an environment, newest first."""
    return [_from_row(row) for row in connection.execute(_NEWEST, {"environment_id": environment_id})]


def current(connection: Connection, environment_id: EnvironmentId) -> Deployment | None:
    """Return the deployment that an environment runs: the newest one that succeeded."""
    row = connection.execute(_CURRENT, {"environment_id": environment_id}).one_or_none()
    return None if row is None else _from_row(row)


def under_way(connection: Connection, environment_id: EnvironmentId | None = None) -> Sequence[Deployment]:
    """Return the deployments that are not over, of an environment or of all, oldest first."""
    if environment_id is None:
        return readable(lambda: connection.execute(_UNDER_WAY), _from_row)
    rows = connection.execute(_UNDER_WAY_OF, {"environment_id": environment_id})
    return [_from_row(row) for row in rows]


def _columns(deployment: Deployment) -> dict[str, Any]:
    return {
        "environment_id": deployment.environment_id,
        "operation_id": deployment.operation_id,
        "status": deployment.status,
        "branch": deployment.branch,
        "commit_hash": deployment.commit.hash,
        "commit_message": deployment.commit.message,
        "commit_author": deployment.commit.author,
        "failure_reason": deployment.failure_reason,
        "php_version": deployment.php_version,
        "build_command": deployment.build_command,
        "node_version": deployment.node_version,
        "uses_octane": deployment.uses_octane,
        "uses_hibernation": deployment.uses_hibernation,
        "hibernation_wake_up_interval": deployment.hibernation_wake_up_interval,
        "created_at": deployment.created_at,
        "started_at": deployment.started_at,
        "finished_at": deployment.finished_at,
    }


def _from_row(row: AnyRow) -> Deployment:
    return Deployment(
        id=row.id,
        environment_id=row.environment_id,
        operation_id=row.operation_id,
        status=DeploymentStatus(row.status),
        branch=row.branch,
        commit=Commit(hash=row.commit_hash, message=row.commit_message, author=row.commit_author),
        failure_reason=row.failure_reason,
        php_version=row.php_version,
        build_command=row.build_command,
        node_version=row.node_version,
        uses_octane=row.uses_octane,
        uses_hibernation=row.uses_hibernation,
        hibernation_wake_up_interval=row.hibernation_wake_up_interval,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
