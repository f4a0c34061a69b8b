"""Queries of background processes.

A deleted one keeps its row as a tombstone until the last of its processes is gone. Only the functions that say so see it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId, OrganizationId
from engineroom.model.processes.background_process import (
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)
from engineroom.model.processes.lifecycle import Lifecycle
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.queries.scaling import scales
from engineroom.store.schema.tables import applications, background_processes, environments, instances


def owned(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Return `statement`, which selects from background processes, for one `organization_id` and without tombstones."""
    return _of_organization(statement).where(background_processes.c.deleted_at.is_(None))


def _of_organization(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        statement.join(instances, instances.c.id == background_processes.c.instance_id)
        .join(environments, environments.c.id == instances.c.environment_id)
        .join(applications, applications.c.id == environments.c.application_id)
        .where(applications.c.organization_id == bindparam("organization_id"))
    )


_ORDER = (background_processes.c.created_at, background_processes.c.id)
_INSERT = insert(background_processes)
_UPDATE = update(background_processes).where(background_processes.c.id == bindparam("row_id"))
_ONE = owned(select(background_processes)).where(background_processes.c.id == bindparam("id"))
_OWNED_IDS = owned(select(background_processes.c.id)).where(
    background_processes.c.id.in_(bindparam("ids", expanding=True))
)
_DELETED = _of_organization(select(background_processes)).where(
    background_processes.c.id == bindparam("id"), background_processes.c.deleted_at.is_not(None)
)
_OF_INSTANCE = (
    select(background_processes)
    .where(
        background_processes.c.instance_id == bindparam("instance_id"),
        background_processes.c.deleted_at.is_(None),
    )
    .order_by(*_ORDER)
)
_LIST = PagedSelect(_OF_INSTANCE)
_OF_INSTANCES = (
    owned(select(background_processes))
    .where(background_processes.c.instance_id.in_(bindparam("instance_ids", expanding=True)))
    .order_by(*_ORDER)
)
_OF_ENVIRONMENT = (
    select(background_processes)
    .join(instances, instances.c.id == background_processes.c.instance_id)
    .where(
        instances.c.environment_id == bindparam("environment_id"), background_processes.c.deleted_at.is_(None)
    )
    .order_by(*_ORDER)
)
_PRESENT = select(background_processes.c.id).where(
    background_processes.c.id.in_(bindparam("ids", expanding=True))
)
_TOMBSTONES = (
    select(background_processes.c.id).where(background_processes.c.deleted_at.is_not(None)).order_by(*_ORDER)
)
_RAISE = (
    update(background_processes)
    .where(background_processes.c.id.in_(bindparam("ids", expanding=True)))
    .values(generation=background_processes.c.generation + 1)
)
_PURGE = delete(background_processes).where(
    background_processes.c.id.in_(bindparam("ids", expanding=True)),
    background_processes.c.deleted_at.is_not(None),
)


def add(connection: Connection, background_process: BackgroundProcess) -> None:
    """Store a new background process."""
    connection.execute(
        _INSERT, {"id": background_process.id, "deleted_at": None, **_columns(background_process)}
    )


def replace(connection: Connection, background_process: BackgroundProcess) -> None:
    """Store what a background process has become."""
    connection.execute(_UPDATE, {"row_id": background_process.id, **_columns(background_process)})


def bump_generations(connection: Connection, ids: Sequence[BackgroundProcessId]) -> None:
    """Have every process of these replaced."""
    if ids:
        connection.execute(_RAISE, {"ids": list(ids)})


def mark_deleted(connection: Connection, background_process_id: BackgroundProcessId, at: datetime) -> None:
    """Make a background process a tombstone."""
    connection.execute(_UPDATE, {"row_id": background_process_id, "deleted_at": at})


def mark_forced(connection: Connection, background_process_id: BackgroundProcessId) -> None:
    """Note that what is left of a tombstone is to be killed at once."""
    connection.execute(_UPDATE, {"row_id": background_process_id, "deleted_force": True})


def present(connection: Connection, ids: Iterable[BackgroundProcessId]) -> frozenset[BackgroundProcessId]:
    """Return those of these that have a row, of whatever host, tombstones included."""
    return frozenset(connection.execute(_PRESENT, {"ids": list(ids)}).scalars())


def tombstones(connection: Connection) -> list[BackgroundProcessId]:
    """Return the deleted background processes whose rows are still kept, oldest first."""
    return list(connection.execute(_TOMBSTONES).scalars())


def purge(connection: Connection, ids: Iterable[BackgroundProcessId]) -> None:
    """Remove the rows of these tombstones, and their scale; a background process that was not deleted stays."""
    gone = list(ids)
    connection.execute(_PURGE, {"ids": gone})
    scales.forget(connection, gone)


def find(
    connection: Connection, organization_id: OrganizationId, background_process_id: BackgroundProcessId
) -> BackgroundProcess | None:
    """Return one background process of an organization."""
    parameters = {"organization_id": organization_id, "id": background_process_id}
    row = connection.execute(_ONE, parameters).one_or_none()
    return None if row is None else from_row(row)


def owned_ids(
    connection: Connection, organization_id: OrganizationId, ids: Iterable[str]
) -> set[BackgroundProcessId]:
    """Return those of these ids that are of background processes of an organization."""
    parameters = {"organization_id": organization_id, "ids": list(ids)}
    return set(connection.execute(_OWNED_IDS, parameters).scalars())


def find_deleted(
    connection: Connection, organization_id: OrganizationId, background_process_id: BackgroundProcessId
) -> BackgroundProcess | None:
    """Return one tombstone of an organization."""
    parameters = {"organization_id": organization_id, "id": background_process_id}
    row = connection.execute(_DELETED, parameters).one_or_none()
    return None if row is None else from_row(row)


def page(connection: Connection, instance_id: InstanceId, number: int) -> Page[BackgroundProcess]:
    """Return a page of an instance's background processes, oldest first."""
    rows, total = _LIST.run(connection, number, {"instance_id": instance_id})
    return Page(number, [from_row(row) for row in rows], total)


def of_instances(
    connection: Connection, organization_id: OrganizationId, ids: Sequence[InstanceId]
) -> list[BackgroundProcess]:
    """Return all background processes of these instances, oldest first."""
    parameters = {"organization_id": organization_id, "instance_ids": ids}
    return [from_row(row) for row in connection.execute(_OF_INSTANCES, parameters)]


def of_instance(connection: Connection, instance_id: InstanceId) -> list[BackgroundProcess]:
    """Return all background processes of an instance, oldest first."""
    return [from_row(row) for row in connection.execute(_OF_INSTANCE, {"instance_id": instance_id})]


def of_environment(connection: Connection, environment_id: EnvironmentId) -> list[BackgroundProcess]:
    """Return all background processes of an environment, oldest first."""
    return [from_row(row) for row in connection.execute(_OF_ENVIRONMENT, {"environment_id": environment_id})]


def from_row(row: AnyRow) -> BackgroundProcess:
    """Return the background process in a row that has all columns of the table."""
    return BackgroundProcess(
        id=row.id,
        instance_id=row.instance_id,
        type=BackgroundProcessType(row.type),
        processes=row.processes,
        config=None if row.config is None else WorkerConfig(**row.config),
        custom_command=row.custom_command,
        strategy_type=StrategyType(row.strategy_type),
        strategy_threshold=row.strategy_threshold,
        created_at=row.created_at,
        generation=row.generation,
        lifecycle=Lifecycle.of(row.lifecycle or {}),
    )


def _columns(background_process: BackgroundProcess) -> Mapping[str, Any]:
    config = background_process.config
    return {
        "instance_id": background_process.instance_id,
        "type": background_process.type,
        "processes": background_process.processes,
        "config": None if config is None else config.given(),
        "custom_command": background_process.custom_command,
        "strategy_type": background_process.strategy_type,
        "strategy_threshold": background_process.strategy_threshold,
        "created_at": background_process.created_at,
        "generation": background_process.generation,
        "lifecycle": background_process.lifecycle.given() or None,
    }
