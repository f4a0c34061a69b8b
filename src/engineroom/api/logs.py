"""Logs and metrics of an environment (contract sheet, sections 4.7 and 4.8)."""

import base64
import binascii
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection

from engineroom.api.call import Answer, Call
from engineroom.api.documents import JSON, encode
from engineroom.api.environments import require
from engineroom.api.errors import InvalidError
from engineroom.api.resources.log import (
    EnvironmentMetrics,
    LogEntry,
    LogFilter,
    LogLevel,
    LogMeta,
    Logs,
    LogType,
    Metric,
    Metrics,
    MetricsMeta,
    without_fraction,
)
from engineroom.model.event import Event
from engineroom.model.ids import EnvironmentId, InstanceId
from engineroom.store import logs
from engineroom.store.logs import LogQuery

PERIODS = ("6h", "24h", "3d", "7d", "30d")
_DEFAULT_PERIOD = "24h"
_LEVELS = {
    "process.start_failed": LogLevel.ERROR,
    "process.exited": LogLevel.WARNING,
    "process.killed": LogLevel.WARNING,
}


async def index(call: Call) -> Answer:
    """Show the log of an environment, oldest first: what happened to its processes."""
    environment_id = EnvironmentId(call.id("environment"))
    await call.read(lambda connection: require(connection, call))
    query, wanted = _query(call, environment_id)
    found, after = await call.read(lambda connection: _page(connection, query, wanted))
    meta = LogMeta(
        _cursor(after) if after else None, wanted, without_fraction(query.begin), without_fraction(query.end)
    )
    return Answer(encode(Logs([_entry(event) for event in found], meta)), media_type=JSON)


async def metrics(call: Call) -> Answer:
    """Show the histories of an environment's figures: none is kept yet, so all are empty."""
    await call.read(lambda connection: require(connection, call))
    asked = call.query("period")
    nothing = Metric([], [], [], [], [])
    answer = EnvironmentMetrics(
        Metrics(nothing, nothing, nothing, nothing, nothing),
        MetricsMeta(asked if asked in PERIODS else _DEFAULT_PERIOD, list(PERIODS)),
    )
    return Answer(encode(answer), media_type=JSON)


def _page(connection: Connection, query: LogQuery, wanted: LogFilter) -> tuple[list[Event], int | None]:
    """Return the entries: what is recorded is the system's, and so in no other type."""
    return logs.page(connection, query) if wanted is LogFilter.ALL else ([], None)


def _entry(event: Event) -> LogEntry:
    return LogEntry(
        message=event.message,
        level=_LEVELS.get(event.kind, LogLevel.INFO),
        type=LogType.SYSTEM,
        logged_at=without_fraction(event.at),
        data=None,
    )


def _query(call: Call, environment_id: EnvironmentId) -> tuple[LogQuery, LogFilter]:
    """Return what is asked for. Raises InvalidError with every wrong parameter."""
    errors: dict[str, list[str]] = {}
    moments = {name: _moment(call.query(name)) for name in ("from", "to")}
    for name, found in moments.items():
        if found is None:
            problem = "must be a valid date" if call.query(name) else "is required"
            errors[name] = [f"The {name} field {problem}."]
    asked = call.query("type") or LogFilter.ALL
    if asked not in tuple(LogFilter):
        errors["type"] = ["The selected type is invalid."]
    after = _after(call.query("cursor"))
    if after is None:
        errors["cursor"] = ["The cursor field format is invalid."]
    begin, end = moments["from"], moments["to"]
    if errors or begin is None or end is None or after is None:
        raise InvalidError(errors)
    query = LogQuery(
        environment_id=environment_id,
        begin=begin,
        end=end,
        after=after,
        text=call.query("query"),
        case_sensitive=call.flag("case_sensitive"),
        instances=[InstanceId(identifier) for identifier in call.queries("instances[]")],
    )
    return query, LogFilter(asked)


def _moment(text: str | None) -> datetime | None:
    """Return a moment of which the T and the zone may be left out: it is in UTC then."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def _cursor(after: int) -> str:
    return base64.b64encode(msgspec.json.encode([after])).decode()


def _after(cursor: str | None) -> int | None:
    """Return where a page begins, None for a cursor that is none of ours."""
    if cursor is None:
        return 0
    try:
        [after] = msgspec.json.decode(base64.b64decode(cursor, validate=True), type=tuple[int])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
    return after if 0 <= after < 2**63 else None
