"""Queries of schedules, of who follows one, and of what was run."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.variables import Variables
from engineroom.model.ids import ApplicationId, EnvironmentId, InstanceId, RunId
from engineroom.model.instances.instance import ScalingType
from engineroom.model.instances.schedule import (
    RunEnd,
    RunStatus,
    Schedule,
    ScheduledRun,
    ScheduleEntry,
)
from engineroom.model.scaling import effect
from engineroom.store.databases.inserts import insert_new
from engineroom.store.databases.rows import AnyRow, converted, readable
from engineroom.store.queries import environments as environments_of
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.schema.tables import (
    applications,
    environments,
    instances,
    scales,
    scheduled_runs,
    scheduler_clocks,
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
_RUNS = PagedSelect(
    select(scheduled_runs)
    .where(scheduled_runs.c.instance_id == bindparam("instance_id"))
    .order_by(scheduled_runs.c.due_at.desc(), scheduled_runs.c.id.desc())
)
_GOING = (
    select(
        scheduled_runs.c.id,
        scheduled_runs.c.started_at,
        scheduled_runs.c.instance_id,
        func.coalesce(instances.c.shutdown_timeout_seconds, environments.c.shutdown_timeout_seconds).label(
            "stop_timeout_seconds"
        ),
    )
    .join(instances, instances.c.id == scheduled_runs.c.instance_id)
    .join(environments, environments.c.id == instances.c.environment_id)
    .where(scheduled_runs.c.status == RunStatus.RUNNING)
    .order_by(scheduled_runs.c.id)
)
_GOING_ON = _GOING.where(environments.c.host == bindparam("of_host"))
_FINISH = update(scheduled_runs).where(
    scheduled_runs.c.id == bindparam("of"),
    # The end of one that was given up may come all the same, as when the clock has jumped.
    scheduled_runs.c.status.in_((RunStatus.RUNNING, RunStatus.UNKNOWN)),
)
_PRUNE = delete(scheduled_runs).where(scheduled_runs.c.due_at < bindparam("before"))
_CLOCK = select(scheduler_clocks.c.minute).where(scheduler_clocks.c.host == bindparam("of_host"))
_UPDATE_CLOCK = update(scheduler_clocks).where(scheduler_clocks.c.host == bindparam("of_host"))
_INSERT_CLOCK = insert(scheduler_clocks)
_ONLY_HOST = ""


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


@dataclass(frozen=True, slots=True)
class Going:
    """A run that is not known to be over. When it is asked to end, it has `stop_timeout_seconds`."""

    id: RunId
    instance_id: InstanceId
    started_at: datetime
    stop_timeout_seconds: int


def followers(connection: Connection, host: str | None = None) -> list[Follower]:
    """Return all of them; with a host, those in the environments that it has claimed."""
    statement = _FOLLOWERS if host is None else _FOLLOWERS_ON
    rows = readable(lambda: connection.execute(statement, {"of_host": host} if host else {}), lambda row: row)
    variables = environments_of.variables(connection, list({row.environment_id for row in rows}))
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


def last_minute(connection: Connection, host: str | None = None) -> datetime | None:
    """Return the minute that a host worked for last."""
    return connection.execute(_CLOCK, {"of_host": host or _ONLY_HOST}).scalar_one_or_none()


def begin(
    connection: Connection, minute: datetime, runs: Sequence[ScheduledRun], host: str | None = None
) -> None:
    """Store the runs of a minute, and that a host worked for it, before any of them is begun. May be repeated."""
    of_host = host or _ONLY_HOST
    if connection.execute(_UPDATE_CLOCK, {"of_host": of_host, "minute": minute}).rowcount == 0:
        connection.execute(_INSERT_CLOCK, {"host": of_host, "minute": minute})
    insert_new(connection, scheduled_runs, [asdict(run) for run in runs])


def finish(connection: Connection, ends: Iterable[RunEnd]) -> None:
    """Store how these ended; one that was stored as over stays as it is."""
    for end in ends:
        connection.execute(
            _FINISH,
            {
                "of": end.id,
                "status": end.status,
                "finished_at": end.finished_at,
                "duration_seconds": end.duration_seconds,
                "reason": end.reason,
                "output": end.output,
            },
        )


def unclaimed(connection: Connection) -> list[EnvironmentId]:
    """Return the environments with followers that no host has claimed."""
    return list(connection.execute(_UNCLAIMED).scalars())


def going(connection: Connection, host: str | None = None) -> list[Going]:
    """Return the runs that are not known to be over, oldest first."""
    of_host = {"of_host": host}
    rows = connection.execute(_GOING) if host is None else connection.execute(_GOING_ON, of_host)
    return [Going(RunId(row.id), row.instance_id, row.started_at, row.stop_timeout_seconds) for row in rows]


def page(connection: Connection, instance_id: InstanceId, number: int) -> Page[ScheduledRun]:
    """Return a page of the runs of an instance, newest first."""
    rows, total = _RUNS.run(connection, number, {"instance_id": instance_id})
    return Page(number, [_run(row) for row in rows], total)


def prune(connection: Connection, before: datetime) -> None:
    """Remove the runs that were due before this moment."""
    connection.execute(_PRUNE, {"before": before})


def _follower(row: AnyRow, variables: environments_of.Variables) -> Follower:
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


def _run(row: AnyRow) -> ScheduledRun:
    return ScheduledRun(
        id=row.id,
        instance_id=row.instance_id,
        replica=row.replica,
        command=row.command,
        due_at=row.due_at,
        status=RunStatus(row.status),
        started_at=row.started_at,
        finished_at=row.finished_at,
        duration_seconds=row.duration_seconds,
        reason=row.reason,
        output=row.output,
    )


def _schedule(row: AnyRow) -> Schedule:
    return Schedule(
        command=row.command,
        every_replica=row.every_replica,
        entries=tuple(ScheduleEntry(**entry) for entry in row.entries),
    )
