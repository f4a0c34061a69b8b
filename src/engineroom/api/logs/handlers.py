"""Reading the log: an environment's as the contract has it (section 4.7), a background process's, and following that."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection

from engineroom.api.background_processes.handlers import require
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.standing import CHECK_SECONDS
from engineroom.api.document.jsonapi import JSON, Moment, encode, moment
from engineroom.api.document.validation import validate_parameters
from engineroom.api.http.errors import NotFoundError
from engineroom.api.http.streams import ALIVE, ALIVE_SECONDS, EVENT_STREAM, TEXT, event, last_event_id
from engineroom.api.logs import requests
from engineroom.api.logs.requests import EnvironmentLogFields, FollowFields, LogsOf, ProcessLogFields
from engineroom.model.ids import BackgroundProcessId, EnvironmentId
from engineroom.model.logs.log import LogEntry, LogLevel, LogType
from engineroom.store.queries import environments
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.query import Query
from engineroom.telemetry.logs.blocks.reading import LogPage, Window, place
from engineroom.telemetry.logs.entries.details import shown

_AT_ONCE = 1000
_MAX_KEPT_BYTES = 4096
"""An event of a longer entry is made anew for each who follows: thousands are kept."""


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


async def of_environment(call: Call) -> Answer:
    """List what the processes of an environment wrote, oldest first."""
    environment_id = EnvironmentId(call.id("environment"))

    def known(connection: Connection) -> None:
        if environments.find(connection, call.organization_id, environment_id) is None:
            raise NotFoundError

    await call.read(known)
    fields = validate_parameters(EnvironmentLogFields, call.parameters())
    logs = call.control.logs
    owners = await logs.of_environment(environment_id, call.several("instances[]"))
    window = Window(limit=requests.PAGE_SIZE, behind=fields.cursor)
    found = await logs.find(owners, Query(**fields.wanted()), window)
    meta = LogMeta(_cursor(found), fields.type, _seconds(fields.from_), _seconds(fields.to))
    return Answer(encode(EnvironmentLogs([_line(entry) for entry in found.entries], meta)), media_type=JSON)


async def of_background_process(call: Call) -> Answer:
    """List what the processes of a background process wrote, follow it, or download it."""
    found = await call.read(lambda connection: require(connection, call))
    if call.flag("follow"):
        wanted = validate_parameters(FollowFields, call.parameters())
        after = last_event_id(call)
        return Answer(_followed(call.control.logs, found.id, wanted, after), media_type=EVENT_STREAM)
    fields = validate_parameters(ProcessLogFields, call.parameters())
    if call.flag("download"):
        headers = {"content-disposition": f'attachment; filename="{found.id}.log"'}
        return Answer(_downloaded(call.control.logs, found.id, fields), media_type=TEXT, headers=headers)
    page = await call.control.logs.find([found.id], fields.asked(), fields.window())
    lines = [_process_line(entry) for entry in page.entries]
    return Answer(encode(ProcessLogs(lines, ProcessLogMeta(_cursor(page)))), media_type=JSON)


async def _followed(
    logs: LogStore, of: BackgroundProcessId, fields: FollowFields, after: int | None
) -> AsyncGenerator[bytes]:
    """Yield the newest entries that are wanted, or those behind a number, and then what comes."""
    query = fields.asked()
    last = await logs.last_number(of)
    if after is None:
        after = last
        if fields.tail:
            window = Window(limit=min(fields.tail, requests.MAX_PAGE), newest_first=True)
            found = await logs.find([of], query, window)
            tail = [entry for entry in reversed(found.entries) if entry.number <= after]
            yield b"".join(map(_frame, tail))
    yield ALIVE
    # A number that is not there yet is of a log that could not be used any more: this one began anew.
    after = after if after <= last else 0
    alive_at = time.monotonic()
    async for entries in logs.follow(of, after, idle_seconds=min(ALIVE_SECONDS, CHECK_SECONDS)):
        frames = b"".join(_frame(entry) for entry in entries if query.wants(entry))
        if not entries and time.monotonic() - alive_at >= ALIVE_SECONDS:
            frames = ALIVE
        if frames:
            alive_at = time.monotonic()
        yield frames


async def _downloaded(
    logs: LogStore, of: BackgroundProcessId, fields: ProcessLogFields
) -> AsyncGenerator[bytes]:
    behind = fields.cursor
    while True:
        window = Window(limit=_AT_ONCE, behind=behind, newest_first=fields.newest_first)
        found = await logs.find([of], fields.asked(), window)
        yield b"".join(map(_text, found.entries))
        if not found.more:
            return
        behind = place(found.entries[-1])
        await asyncio.sleep(0)


def _frame(entry: LogEntry) -> bytes:
    """Return the server-sent event of an entry; that of the newest ones is the same for all who follow them."""
    return _kept_frame(entry) if len(entry.text) <= _MAX_KEPT_BYTES else _made_frame(entry)


@lru_cache(4096)
def _kept_frame(entry: LogEntry) -> bytes:
    return _made_frame(entry)


def _made_frame(entry: LogEntry) -> bytes:
    line = encode(_process_line(entry))
    return event("unfinished", line) if entry.is_unfinished else event("log", line, str(entry.number))


def _line(entry: LogEntry) -> LogLine:
    logged_at = f"{entry.at.isoformat()[:19]}Z"
    message, data = shown(entry)
    return LogLine(message, entry.code.level, entry.code.type, logged_at, data)


def _process_line(entry: LogEntry) -> ProcessLogLine:
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


def _text(entry: LogEntry) -> bytes:
    """Return an entry as a line of a text file; its text is what was written, byte for byte."""
    return f"{moment(entry.at)} {entry.replica}/{entry.index} {entry.stream} ".encode() + entry.text + b"\n"


def _cursor(found: LogPage) -> str | None:
    return requests.cursor(place(found.entries[-1])) if found.more else None


def _seconds(at: datetime) -> str:
    return f"{at.isoformat()[:19]}Z"
