"""The log of a background process as it goes on, and as a whole."""

import asyncio
import time
from collections.abc import AsyncGenerator
from functools import lru_cache

from engineroom.api.calls.token_validity import CHECK_SECONDS
from engineroom.api.document.jsonapi import encode
from engineroom.api.document.moments import moment
from engineroom.api.http.streams import ALIVE, ALIVE_SECONDS, event
from engineroom.api.logs.requests import MAX_PAGE_SIZE, FollowFields, ProcessLogFields
from engineroom.api.logs.resource import process_line
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.log import LogEntry
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.reading import Window, place

_AT_ONCE = 1000
_MAX_CACHED_BYTES = 4096
"""An event of a longer entry is made anew for each who follows: thousands are kept."""


async def followed(
    logs: LogStore, of: BackgroundProcessId, fields: FollowFields, after: int | None
) -> AsyncGenerator[bytes]:
    """Yield the newest entries that are wanted, or those behind a number, and then what comes."""
    query = fields.asked()
    last = await logs.last_number(of)
    if after is None:
        after = last
        if fields.tail:
            window = Window(limit=min(fields.tail, MAX_PAGE_SIZE), newest_first=True)
            found = await logs.find([of], query, window)
            tail = [entry for entry in reversed(found.entries) if entry.number <= after]
            yield b"".join(map(frame, tail))
    yield ALIVE
    # A number that is not there yet is of a log that could not be used any more: this one began anew.
    after = after if after <= last else 0
    alive_at = time.monotonic()
    async for entries in logs.follow(of, after, idle_seconds=min(ALIVE_SECONDS, CHECK_SECONDS)):
        frames = b"".join(frame(entry) for entry in entries if query.wants(entry))
        if not entries and time.monotonic() - alive_at >= ALIVE_SECONDS:
            frames = ALIVE
        if frames:
            alive_at = time.monotonic()
        yield frames


async def downloaded(
    logs: LogStore, of: BackgroundProcessId, fields: ProcessLogFields
) -> AsyncGenerator[bytes]:
    """Yield everything that is wanted, as the lines of a text file."""
    behind = fields.cursor
    while True:
        window = Window(limit=_AT_ONCE, behind=behind, newest_first=fields.newest_first)
        found = await logs.find([of], fields.asked(), window)
        yield b"".join(map(_text, found.entries))
        if not found.more:
            return
        behind = place(found.entries[-1])
        await asyncio.sleep(0)


def frame(entry: LogEntry) -> bytes:
    """Return the server-sent event of an entry; that of the newest ones is the same for all who follow them."""
    return _cached_frame(entry) if len(entry.text) <= _MAX_CACHED_BYTES else _new_frame(entry)


@lru_cache(4096)
def _cached_frame(entry: LogEntry) -> bytes:
    return _new_frame(entry)


def _new_frame(entry: LogEntry) -> bytes:
    line = encode(process_line(entry))
    return event("unfinished", line) if entry.is_unfinished else event("log", line, str(entry.number))


def _text(entry: LogEntry) -> bytes:
    """Return an entry as a line of a text file; its text is what was written, byte for byte."""
    return f"{moment(entry.at)} {entry.replica}/{entry.index} {entry.stream} ".encode() + entry.text + b"\n"
