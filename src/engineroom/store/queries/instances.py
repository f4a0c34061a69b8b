"""Queries of instances."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engineroom.model.ids import EnvironmentId, InstanceId, OrganizationId
from engineroom.model.instances.instance import Instance, InstanceType, ScalingType
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect, filtered
from engineroom.store.schema.tables import applications, background_processes, environments, instances

FILTERS = ("name", "type", "size", "scaling_type")
"""Contract sheet, section 3.1."""

_INSERT = insert(instances)
_UPDATE = update(instances).where(instances.c.id == bindparam("row_id"))
_PURGE = delete(instances).where(
    instances.c.deleted_at.is_not(None),
    ~select(background_processes.c.id).where(background_processes.c.instance_id == instances.c.id).exists(),
)
_OWNED = (
    select(instances)
    .join(environments, environments.c.id == instances.c.environment_id)
    .join(applications, applications.c.id == environments.c.application_id)
    .where(applications.c.organization_id == bindparam("organization_id"), instances.c.deleted_at.is_(None))
)
_IDS = _OWNED.with_only_columns(instances.c.id)
_ONE = _OWNED.where(instances.c.id == bindparam("id"))
_SOME = _OWNED.where(instances.c.id.in_(bindparam("ids", expanding=True)))
_OF_ENVIRONMENTS = _OWNED.where(
    instances.c.environment_id.in_(bindparam("environment_ids", expanding=True))
).order_by(instances.c.created_at, instances.c.id)
_APPS = (
    select(instances)
    .where(
        instances.c.environment_id.in_(bindparam("environment_ids", expanding=True)),
        instances.c.type == InstanceType.APP,
        instances.c.deleted_at.is_(None),
    )
    .order_by(instances.c.created_at.desc(), instances.c.id.desc())
)
_LIST = PagedSelect(
    _OWNED.where(
        instances.c.environment_id == bindparam("environment_id"),
        *(filtered(instances.c[name]) for name in FILTERS),
    ).order_by(instances.c.created_at, instances.c.id)
)


def add(connection: Connection, instance: Instance) -> None:
    """Store a new instance."""
    connection.execute(_INSERT, {"id": instance.id, **_columns(instance)})


def replace(connection: Connection, instance: Instance) -> None:
    """Store what an instance has become."""
    connection.execute(_UPDATE, {"row_id": instance.id, **_columns(instance)})


def mark_deleted(connection: Connection, instance_id: InstanceId, at: datetime) -> None:
    """Make an instance a tombstone."""
    connection.execute(_UPDATE, {"row_id": instance_id, "deleted_at": at})


def purge(connection: Connection) -> None:
    """Remove the tombstones of which no background process is left."""
    connection.execute(_PURGE)


def find(connection: Connection, organization_id: OrganizationId, instance_id: InstanceId) -> Instance | None:
    """Return one instance of an organization."""
    row = connection.execute(_ONE, {"organization_id": organization_id, "id": instance_id}).one_or_none()
    return None if row is None else _from_row(row)


def some(
    connection: Connection, organization_id: OrganizationId, ids: Sequence[InstanceId]
) -> list[Instance]:
    """Return those of an organization's instances that have one of these ids."""
    rows = connection.execute(_SOME, {"organization_id": organization_id, "ids": ids})
    return [_from_row(row) for row in rows]


def of_environments(
    connection: Connection, organization_id: OrganizationId, ids: Sequence[EnvironmentId]
) -> list[Instance]:
    """Return all instances of these environments, oldest first."""
    rows = connection.execute(_OF_ENVIRONMENTS, {"organization_id": organization_id, "environment_ids": ids})
    return [_from_row(row) for row in rows]


def apps(connection: Connection, ids: Sequence[EnvironmentId]) -> dict[EnvironmentId, Instance]:
    """Return the app's instance of each of these environments, the oldest where there are several."""
    rows = connection.execute(_APPS, {"environment_ids": ids})
    return {row.environment_id: _from_row(row) for row in rows}


def page(
    connection: Connection,
    organization_id: OrganizationId,
    environment_id: EnvironmentId,
    number: int,
    filters: Mapping[str, str | None],
) -> Page[Instance]:
    """Return a page of an environment's instances, oldest first; `filters` has a value or None for each filter."""
    parameters = {**filters, "organization_id": organization_id, "environment_id": environment_id}
    rows, total = _LIST.run(connection, number, parameters)
    return Page(number, [_from_row(row) for row in rows], total)


def ids(connection: Connection, organization_id: OrganizationId) -> frozenset[InstanceId]:
    """Return the ids of all instances of an organization."""
    return frozenset(connection.execute(_IDS, {"organization_id": organization_id}).scalars())


def _from_row(row: AnyRow) -> Instance:
    return Instance(
        id=row.id,
        environment_id=row.environment_id,
        name=row.name,
        type=InstanceType(row.type),
        size=row.size,
        scaling_type=ScalingType(row.scaling_type),
        min_replicas=row.min_replicas,
        max_replicas=row.max_replicas,
        shutdown_timeout_seconds=row.shutdown_timeout_seconds,
        uses_scheduler=row.uses_scheduler,
        sleep_with_app=row.sleep_with_app,
        scaling_cpu_threshold_percentage=row.scaling_cpu_threshold_percentage,
        scaling_memory_threshold_percentage=row.scaling_memory_threshold_percentage,
        created_at=row.created_at,
    )


def _columns(instance: Instance) -> dict[str, Any]:
    return {
        "environment_id": instance.environment_id,
        "name": instance.name,
        "type": instance.type,
        "size": instance.size,
        "scaling_type": instance.scaling_type,
        "min_replicas": instance.min_replicas,
        "max_replicas": instance.max_replicas,
        "shutdown_timeout_seconds": instance.shutdown_timeout_seconds,
        "uses_scheduler": instance.uses_scheduler,
        "sleep_with_app": instance.sleep_with_app,
        "scaling_cpu_threshold_percentage": instance.scaling_cpu_threshold_percentage,
        "scaling_memory_threshold_percentage": instance.scaling_memory_threshold_percentage,
        "created_at": instance.created_at,
    }
