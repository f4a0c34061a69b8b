"""Queries of schedules, and of who follows one."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.variables import Variables
from engineroom.model.ids import ApplicationId, EnvironmentId, InstanceId
from engineroom.model.instances.instance import ScalingType
from engineroom.model.instances.schedule import (
    Schedule,
    ScheduleEntry,
)
from engineroom.model.scaling import effect
from engineroom.store.databases.rows import AnyRow, converted, readable
from engineroom.store.queries import environment_variables
from engineroom.store.schema.tables import (
    applications,
    environments,
    instances,
    scales,
    schedules,
)

_FOLLOWERS = (
    select(
        instances.c.id,
        instances.c.min_replicas,
        instances.c.max_replicas,
        instances.c.scaling_type,
        environments.c.id.label("environment_id"),
        environments.c.directory,
        environments.c.os_user,
        environments.c.umask,
        instances.c.size,
        applications.c.id.label("application_id"),
        scales.c.number.label("scaled_replicas"),
        schedules.c.command,
        schedules.c.every_replica,
        schedules.c.entries,
    )
    .join(environments, environments.c.id == instances.c.environment_id)
    .join(applications, applications.c.id == environments.c.application_id)
    .outerjoin(scales, scales.c.subject_id == instances.c.id)
    .outerjoin(schedules, schedules.c.environment_id == environments.c.id)
    # Without a folder nothing can run.
    .where(
        instances.c.uses_scheduler,
        environments.c.status == EnvironmentStatus.RUNNING,
        environments.c.directory != "",
        environments.c.deleted_at.is_(None),
        instances.c.deleted_at.is_(None),
    )
)
_FOLLOWERS_ON = _FOLLOWERS.where(environments.c.host == bindparam("of_host"))
_UNCLAIMED = _FOLLOWERS.where(environments.c.host.is_(None)).with_only_columns(environments.c.id)
_SCHEDULE = select(schedules).where(schedules.c.environment_id == bindparam("id"))
_UPDATE_SCHEDULE = update(schedules).where(schedules.c.environment_id == bindparam("of"))
_INSERT_SCHEDULE = insert(schedules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """An instance that uses the scheduler, in an environment that runs, with all that its runs need."""

    instance_id: InstanceId
    environment_id: EnvironmentId
    application_id: ApplicationId
    directory: str
    os_user: str | None
    umask: int | None
    size: str
    variables: Variables
    replicas: int
    schedule: Schedule


def followers(connection: Connection, host: str | None = None) -> list[Follower]:
    """Return all of them; with a host, those in the environments that it has claimed."""
    statement = _FOLLOWERS if host is None else _FOLLOWERS_ON
    rows = readable(lambda: connection.execute(statement, {"of_host": host} if host else {}), lambda row: row)
    variables = environment_variables.newest(connection, list({row.environment_id for row in rows}))
    return converted(rows, lambda row: _follower(row, variables))


def schedule(connection: Connection, environment_id: EnvironmentId) -> Schedule:
    """Return what an environment asks for."""
    row = connection.execute(_SCHEDULE, {"id": environment_id}).one_or_none()
    return Schedule() if row is None else _schedule(row)


def put(connection: Connection, environment_id: EnvironmentId, given: Schedule) -> None:
    """Store what an environment asks for."""
    fields = {
        "command": given.command,
        "every_replica": given.every_replica,
        "entries": [asdict(entry) for entry in given.entries],
    }
    if connection.execute(_UPDATE_SCHEDULE, {"of": environment_id, **fields}).rowcount == 0:
        connection.execute(_INSERT_SCHEDULE, {"environment_id": environment_id, **fields})


def unclaimed(connection: Connection) -> list[EnvironmentId]:
    """Return the environments with followers that no host has claimed."""
    return list(connection.execute(_UNCLAIMED).scalars())


def _follower(row: AnyRow, variables: environment_variables.ByEnvironment) -> Follower:
    return Follower(
        instance_id=row.id,
        environment_id=row.environment_id,
        application_id=row.application_id,
        directory=row.directory,
        os_user=row.os_user,
        umask=row.umask,
        size=row.size,
        variables=variables.get(row.environment_id, ()),
        replicas=effect.replicas(
            ScalingType(row.scaling_type), row.min_replicas, row.max_replicas, row.scaled_replicas
        ),
        schedule=Schedule() if row.command is None else _schedule(row),
    )


def _schedule(row: AnyRow) -> Schedule:
    return Schedule(
        command=row.command,
        every_replica=row.every_replica,
        entries=tuple(ScheduleEntry(**entry) for entry in row.entries),
    )
