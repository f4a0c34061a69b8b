"""A schedule: what an instance's scheduler runs, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engineroom.model.ids import InstanceId, RunId

EVERY_MINUTE = "php artisan schedule:run"
"""What is run at second 0 of every minute, unless the environment says otherwise."""

_MAX_SET_BACK = timedelta(hours=3)
"""As with cron(8): more than that is a correction of a clock that was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleEntry:
    """A command of its own, at the minutes of a cron expression in a time zone."""

    expression: str
    command: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What an environment asks for, where one of its instances uses the scheduler.

    `command` is run every minute, empty for nothing. It and the entries run on one replica, or on each with `every_replica`.
    """

    command: str = EVERY_MINUTE
    every_replica: bool = False
    entries: tuple[ScheduleEntry, ...] = ()


class RunStatus(StrEnum):
    """How far a scheduled run is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Nobody knows how it ended: the host went down with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRun:
    """One command that was run for one minute on one replica. `due_at` is that minute; `reason` says how it ended."""

    id: RunId
    instance_id: InstanceId
    replica: int
    command: str
    due_at: datetime
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None = None
    duration_seconds: float | None = None
    reason: str | None = None
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a scheduled run ended, as far as that is known."""

    id: RunId
    status: RunStatus
    finished_at: datetime
    duration_seconds: float | None
    reason: str
    output: str = ""


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minute to work for now, and how many before it went by unseen."""

    due: datetime
    missed: int


def minute_of(moment: datetime) -> datetime:
    """Return the minute that a moment is in."""
    return moment.replace(second=0, microsecond=0)


def next_minutes(last: datetime | None, now: datetime) -> Minutes | None:
    """Return what is due after the minute that was last worked for; None when nothing is.

    A minute that went by is never made up for. When the clock was set back, nothing is due until it has caught up, so that
    no minute is worked for twice; set back by more than three hours, it begins anew.
    """
    minute = minute_of(now)
    if last is None or last - minute > _MAX_SET_BACK:
        return Minutes(minute, 0)
    if minute <= last:
        return None
    return Minutes(minute, round((minute - last) / timedelta(minutes=1)) - 1)


def replicas_of(schedule: Schedule, replicas: int) -> Sequence[int]:
    """Return on which replicas the schedule runs; one that drains is none of them."""
    return range(1, replicas + 1) if schedule.every_replica else range(1, min(1, replicas) + 1)
