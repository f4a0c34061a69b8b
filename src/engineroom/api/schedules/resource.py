"""Schedules and their runs in answers; they are ours."""

from msgspec import Struct

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Moment, moment, moment_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.ids import EnvironmentId
from engineroom.model.instances.schedule import RunStatus, Schedule, ScheduledRun


class ShownEntry(Struct):
    """A command at the minutes of a cron expression."""

    expression: str
    command: str
    timezone: str


class ScheduleAttributes(Attributes):
    """What an environment's scheduler runs: a command every minute, and entries of its own."""

    command: str
    every_replica: bool
    entries: list[ShownEntry]


class ScheduledRunAttributes(Attributes):
    """One command that was run for one minute on one replica, and what became of it."""

    replica: int
    command: str
    status: RunStatus
    reason: str | None
    duration_seconds: float | None
    output: str
    due_at: Moment
    started_at: Moment
    finished_at: Moment | None


TYPE = ResourceType("schedules", ScheduleAttributes)
RUN = ResourceType("scheduled_runs", ScheduledRunAttributes)


def show(environment_id: EnvironmentId, schedule: Schedule) -> Resource:
    """Return the resource; it has the id of its environment."""
    entries = [ShownEntry(entry.expression, entry.command, entry.timezone) for entry in schedule.entries]
    attributes = ScheduleAttributes(schedule.command, schedule.every_replica, entries)
    return Resource(environment_id, TYPE.name, attributes)


def show_run(_viewer: Viewer, run: ScheduledRun) -> Resource:
    """Return the resource of a run."""
    return Resource(
        run.id,
        RUN.name,
        ScheduledRunAttributes(
            replica=run.replica,
            command=run.command,
            status=run.status,
            reason=run.reason,
            duration_seconds=run.duration_seconds,
            output=run.output,
            due_at=moment(run.due_at),
            started_at=moment(run.started_at),
            finished_at=moment_or_none(run.finished_at),
        ),
    )
