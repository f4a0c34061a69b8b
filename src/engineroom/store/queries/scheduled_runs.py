"""Queries of what was run by schedules, and of the minute that a scheduler worked for last."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from engineroom.model.ids import InstanceId, RunId
from engineroom.model.instances.schedule import RunEnd, RunStatus, ScheduledRun
from engineroom.store.databases.inserts import insert_new
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.schema.tables import environments, instances, scheduled_runs, scheduler_clocks

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


@dataclass(frozen=True, slots=True)
class Going:
    """A run that is not known to be over. When it is asked to end, it has `stop_timeout_seconds`."""

    id: RunId
    instance_id: InstanceId
    started_at: datetime
    stop_timeout_seconds: int


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
