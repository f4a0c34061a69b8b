"""Entries of the log in answers: the contract's (contract sheet, section 4.7), and ours with all that is known of them."""

from typing import Any

from msgspec import Struct, field

from engineroom.api.document.moments import Moment, moment
from engineroom.api.logs.requests import LogsOf
from engineroom.model.logs.log import LogEntry, LogLevel, LogType
from engineroom.telemetry.logs.entries.details import shown


class LogLine(Struct):
    """One entry, as the contract shows it."""

    message: str
    level: LogLevel
    type: LogType
    logged_at: str
    data: dict[str, Any] | None


class LogMeta(Struct):
    """What was asked for, and the cursor of the next page; null where this one is the last."""

    cursor: str | None
    type: LogsOf
    from_: str = field(name="from")
    to: str


class EnvironmentLogs(Struct):
    """One page of an environment's log."""

    data: list[LogLine]
    meta: LogMeta


class ProcessLogLine(Struct):
    """One entry with all that is known of it. `id` counts the entries of a background process.

    It is null for a line that has no end yet, which is shown as far as it goes, and comes again when it is whole.
    """

    id: int | None
    message: str
    level: LogLevel
    type: LogType
    logged_at: Moment
    replica: int
    index: int
    pid: int
    stream: str
    truncated: bool
    data: dict[str, Any] | None


class ProcessLogMeta(Struct):
    """The cursor of the next page; null where this one is the last."""

    cursor: str | None


class ProcessLogs(Struct):
    """One page of a background process's log."""

    data: list[ProcessLogLine]
    meta: ProcessLogMeta


def line(entry: LogEntry) -> LogLine:
    """Return an entry as the contract shows it."""
    logged_at = f"{entry.at.isoformat()[:19]}Z"
    message, data = shown(entry)
    return LogLine(message, entry.code.level, entry.code.type, logged_at, data)


def process_line(entry: LogEntry) -> ProcessLogLine:
    """Return an entry with all that is known of it."""
    message, data = shown(entry)
    return ProcessLogLine(
        entry.number or None,
        message,
        entry.code.level,
        entry.code.type,
        moment(entry.at),
        entry.replica,
        entry.index,
        entry.pid,
        entry.stream,
        entry.code.cut,
        data,
    )
