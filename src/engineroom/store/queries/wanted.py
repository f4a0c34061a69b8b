"""What should run: background processes with all that decides how, in as few queries as possible."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select
from sqlalchemy.exc import DBAPIError

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.variables import Variables
from engineroom.model.ids import ApplicationId, BackgroundProcessId, EnvironmentId
from engineroom.model.instances.instance import ScalingType
from engineroom.model.operation import OperationStatus
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.scaling import effect
from engineroom.store.databases.rows import AnyRow, converted, readable
from engineroom.store.queries import background_processes as background_processes_of
from engineroom.store.queries import environment_variables
from engineroom.store.schema.tables import (
    applications,
    background_processes,
    environments,
    instances,
    operations,
    scales,
)

_OF_PROCESS = scales.alias("scales_of_background_processes")
_OF_INSTANCE = scales.alias("scales_of_instances")

_ALL = (
    select(
        background_processes,
        instances.c.min_replicas,
        instances.c.max_replicas,
        instances.c.scaling_type,
        _OF_PROCESS.c.number.label("scaled_processes"),
        _OF_INSTANCE.c.number.label("scaled_replicas"),
        instances.c.size,
        func.coalesce(instances.c.shutdown_timeout_seconds, environments.c.shutdown_timeout_seconds).label(
            "shutdown_timeout_seconds"
        ),
        environments.c.id.label("environment_id"),
        environments.c.status.label("environment_status"),
        environments.c.name.label("environment_name"),
        environments.c.directory,
        environments.c.os_user,
        environments.c.umask,
        applications.c.id.label("application_id"),
        applications.c.name.label("application_name"),
    )
    .join(instances, instances.c.id == background_processes.c.instance_id)
    .join(environments, environments.c.id == instances.c.environment_id)
    .join(applications, applications.c.id == environments.c.application_id)
    .outerjoin(_OF_PROCESS, _OF_PROCESS.c.subject_id == background_processes.c.id)
    .outerjoin(_OF_INSTANCE, _OF_INSTANCE.c.subject_id == instances.c.id)
    .order_by(background_processes.c.created_at, background_processes.c.id)
)
_STARTED = environments.c.status != EnvironmentStatus.STOPPED
_UNSETTLED_IDS = (
    select(background_processes.c.id)
    .join(instances, instances.c.id == background_processes.c.instance_id)
    .join(environments, environments.c.id == instances.c.environment_id)
    .where(
        or_(
            _STARTED,
            background_processes.c.deleted_at.is_not(None),
            background_processes.c.id.in_(
                select(operations.c.subject_id).where(operations.c.status == OperationStatus.RUNNING)
            ),
        )
    )
)
_SOME = _ALL.where(background_processes.c.id.in_(bindparam("ids", expanding=True)))
_RUNNING = _ALL.where(_STARTED, background_processes.c.deleted_at.is_(None))
_OF_HOST = {
    statement: statement.where(environments.c.host == bindparam("of_host"))
    for statement in (_ALL, _SOME, _RUNNING, _UNSETTLED_IDS)
}
"""The same of one host. Made once: what is made for each call has its key in SQLAlchemy's cache reckoned each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A background process and what decides how it runs. `deleted` marks a tombstone: of it nothing should run.

    `deleted_force` says that what still runs of a tombstone is to be killed instead of drained.
    `processes` on every one of the `replicas` are what should run at the present scale.
    `shutdown_timeout_seconds` is the instance's, or the environment's where the instance has none.
    """

    background_process: BackgroundProcess
    deleted: bool
    deleted_force: bool
    application_id: ApplicationId
    environment_id: EnvironmentId
    environment_status: EnvironmentStatus
    environment_name: str
    application_name: str
    directory: str | None
    os_user: str | None
    umask: int | None
    size: str
    variables: Variables
    processes: int
    replicas: int
    shutdown_timeout_seconds: int


def unsettled_ids(connection: Connection, host: str | None = None) -> list[BackgroundProcessId]:
    """Return the ids of all but what rests: what a stopped environment has, and no operation is under way on."""
    if host is None:
        return list(connection.execute(_UNSETTLED_IDS).scalars())
    return list(connection.execute(_OF_HOST[_UNSETTLED_IDS], {"of_host": host}).scalars())


def wanted(
    connection: Connection, ids: Iterable[BackgroundProcessId] | None = None, host: str | None = None
) -> list[Wanted]:
    """Return what should run of these background processes, or of all, oldest first, tombstones included.

    With a host it is only what that has claimed. An id without a row is left out: its tombstone was purged.
    """
    if ids is None:
        return _wanted(connection, _ALL, {}, host)
    return _wanted(connection, _SOME, {"ids": list(ids)}, host)


def wanted_or_why(
    connection: Connection, ids: Iterable[BackgroundProcessId], host: str | None = None
) -> tuple[list[Wanted], dict[BackgroundProcessId, str]]:
    """Return what `wanted` does, and of each that cannot be read why: a row that was spoilt concerns itself alone."""
    asked = list(ids)
    try:
        return wanted(connection, asked, host), {}
    except DBAPIError:
        raise
    except Exception:  # noqa: BLE001 - whatever is in a row that nobody of ours has written
        return _each(connection, asked, host)


def _each(
    connection: Connection, ids: Iterable[BackgroundProcessId], host: str | None
) -> tuple[list[Wanted], dict[BackgroundProcessId, str]]:
    found: list[Wanted] = []
    why: dict[BackgroundProcessId, str] = {}
    for id in ids:
        try:
            found += wanted(connection, [id], host)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            why[id] = f"what is stored of it cannot be read: {error!r}"
    return found, why


def started(connection: Connection, host: str | None = None) -> list[Wanted]:
    """Return what should run in all environments but the stopped ones, as `wanted` does, without tombstones.

    What cannot be read is left out.
    """
    return _readable(connection, _RUNNING, {}, host)


def wanted_and_readable(
    connection: Connection, ids: Iterable[BackgroundProcessId], host: str | None = None
) -> list[Wanted]:
    """Return what `wanted` does, without what cannot be read."""
    return _readable(connection, _SOME, {"ids": list(ids)}, host)


def _readable(
    connection: Connection,
    statement: Select[*tuple[Any, ...]],
    parameters: Mapping[str, Any],
    host: str | None,
) -> list[Wanted]:
    if host is not None:
        statement, parameters = _OF_HOST[statement], {**parameters, "of_host": host}
    rows = readable(lambda: connection.execute(statement, parameters), lambda row: row)
    variables = environment_variables.of_processes(connection, list({row.environment_id for row in rows}))
    return converted(rows, lambda row: _from_row(row, variables))


def _wanted(
    connection: Connection,
    statement: Select[*tuple[Any, ...]],
    parameters: Mapping[str, Any],
    host: str | None,
) -> list[Wanted]:
    if host is not None:
        statement, parameters = _OF_HOST[statement], {**parameters, "of_host": host}
    rows = connection.execute(statement, parameters).all()
    variables = environment_variables.of_processes(connection, list({row.environment_id for row in rows}))
    return [_from_row(row, variables) for row in rows]


def _from_row(row: AnyRow, variables: environment_variables.ByEnvironment) -> Wanted:
    background_process = background_processes_of.from_row(row)
    return Wanted(
        background_process=background_process,
        deleted=row.deleted_at is not None,
        deleted_force=row.deleted_force,
        application_id=row.application_id,
        environment_id=row.environment_id,
        environment_status=EnvironmentStatus(row.environment_status),
        environment_name=row.environment_name,
        application_name=row.application_name,
        directory=row.directory or None,
        os_user=row.os_user,
        umask=row.umask,
        size=row.size,
        variables=variables.get(row.environment_id, ()),
        processes=effect.processes(background_process, row.scaled_processes),
        replicas=effect.replicas(
            ScalingType(row.scaling_type), row.min_replicas, row.max_replicas, row.scaled_replicas
        ),
        shutdown_timeout_seconds=row.shutdown_timeout_seconds,
    )
