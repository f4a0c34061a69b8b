"""Reading the log: the entries that a query wants, page by page, each block looked into only when it has to be."""

import heapq
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engineroom.model.ids import BackgroundProcessId, EnvironmentId
from engineroom.model.logs.log import LogEntry
from engineroom.telemetry.logs.blocks.block import Block, unpacked
from engineroom.telemetry.logs.blocks.query import LogQuery

_FOLLOWED_BYTES = 4 << 20
_PAGE_BYTES = 32 << 20
"""No page is longer than this, but for its last entry: a thousand may have a megabyte each."""

_OWNERS = "SELECT id FROM owners WHERE background_process = ?"
_OF_ENVIRONMENT = "SELECT background_process, instance FROM owners WHERE environment = ? ORDER BY id"


class LogPosition(NamedTuple):
    """The place of an entry in the order of all: by order, then by background process, then by number."""

    order: int
    background_process: BackgroundProcessId
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Up to `limit` entries that come behind a place, or from the very first (with `newest_first`, last) one on.

    Fewer where they are long.
    """

    limit: int
    behind: LogPosition | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of entries, in the order asked for. `more` says whether there were others behind them."""

    entries: Sequence[LogEntry]
    more: bool


def place(entry: LogEntry) -> LogPosition:
    """Return the place of an entry."""
    return LogPosition(entry.order, entry.background_process, entry.number)


def of_environment(
    connection: sqlite3.Connection, environment: EnvironmentId, instances: Collection[str]
) -> list[BackgroundProcessId]:
    """Return the background processes of an environment of which something was stored, deleted ones too."""
    rows = connection.execute(_OF_ENVIRONMENT, (environment,))
    return [BackgroundProcessId(id) for id, instance in rows if not instances or instance in instances]


def last_number(connection: sqlite3.Connection, background_process: BackgroundProcessId) -> int:
    """Return the number of the newest entry of a background process; 0 when there is none."""
    row = connection.execute(
        "SELECT last FROM counts JOIN owners ON owner = id WHERE background_process = ?",
        (background_process,),
    ).fetchone()
    return 0 if row is None else int(row[0])


def find(
    connection: sqlite3.Connection,
    owners: Collection[BackgroundProcessId],
    query: LogQuery,
    window: Window,
) -> LogPage:
    """Return the wanted entries of these background processes that are in the window."""
    streams = [_entries(connection, owner, query, window) for owner in owners]
    merged = heapq.merge(*streams, key=place, reverse=window.newest_first)
    entries: list[LogEntry] = []
    size = 0
    for entry in merged:
        if len(entries) == window.limit or size >= _PAGE_BYTES:
            return LogPage(entries, more=True)
        entries.append(entry)
        size += len(entry.text)
    return LogPage(entries, more=False)


def with_unfinished(found: LogPage, unfinished: Sequence[LogEntry], window: Window) -> LogPage:
    """Return a page with those of these lines without an end that belong on it: behind all others."""
    entries = sorted(unfinished, key=lambda entry: entry.order, reverse=window.newest_first)
    if not entries or (window.behind is not None if window.newest_first else found.more):
        return found
    together = [*entries, *found.entries] if window.newest_first else [*found.entries, *entries]
    cut = window.newest_first and len(together) > window.limit
    return LogPage(together[: window.limit], more=found.more or cut)


def following(
    connection: sqlite3.Connection, background_process: BackgroundProcessId, after: int, *, limit: int
) -> list[LogEntry]:
    """Return up to `limit` entries of one background process behind a number, in order; fewer where they are long."""
    owner = _owner(connection, background_process)
    rows = connection.execute(
        "SELECT id, first FROM blocks WHERE owner = ? AND last > ? ORDER BY first", (owner, after)
    )
    everything = LogQuery()
    entries = (
        entry
        for id, first in rows
        for entry in everything.found(_read(connection, id, first), background_process)
        if entry.number > after
    )
    found: list[LogEntry] = []
    size = 0
    while len(found) < limit and size < _FOLLOWED_BYTES and (entry := next(entries, None)) is not None:
        found.append(entry)
        size += len(entry.text)
    return found


def _entries(
    connection: sqlite3.Connection,
    background_process: BackgroundProcessId,
    query: LogQuery,
    window: Window,
) -> Iterator[LogEntry]:
    behind, newest_first = window.behind, window.newest_first
    rows = connection.execute(
        _select(behind, newest_first=newest_first),
        {
            "owner": _owner(connection, background_process),
            "from": query.from_nanoseconds,
            "to": query.to_nanoseconds,
            "codes": query.code_mask,
            "slots": query.slot_mask,
            "order": behind.order if behind else 0,
        },
    )
    for block in _blocks(connection, rows, query):
        for entry in query.found(block, background_process, newest_first=newest_first):
            if behind is None or (place(entry) < behind if newest_first else place(entry) > behind):
                yield entry


def _select(behind: LogPosition | None, *, newest_first: bool) -> str:
    bound = (
        "" if behind is None else "AND first_order <= :order" if newest_first else "AND last_order >= :order"
    )
    return f"""
        SELECT id, first, indexed FROM blocks
        WHERE owner = :owner AND latest >= :from AND earliest <= :to AND codes & :codes AND slots & :slots {bound}
        ORDER BY first {"DESC" if newest_first else "ASC"}
    """  # noqa: S608 - no part of it comes from outside


def _blocks(
    connection: sqlite3.Connection, rows: Iterable[tuple[int, int, int]], query: LogQuery
) -> Iterator[Block]:
    """Yield the blocks that may have what the query looks for."""
    for id, first, indexed in rows:
        if not indexed or not query.text or _may_have(connection, id, query):
            yield _read(connection, id, first)


def _may_have(connection: sqlite3.Connection, block: int, query: LogQuery) -> bool:
    fragments = query.fragments
    if fragments.letters and not fragments.may_be_in_letters(_data(connection, "letters", block)):
        return False
    return not fragments.numbers or fragments.may_be_in_numbers(_data(connection, "numbers", block))


def _read(connection: sqlite3.Connection, block: int, first: int) -> Block:
    return unpacked(_data(connection, "texts", block), first)


def _data(connection: sqlite3.Connection, table: str, block: int) -> bytes:
    row = connection.execute(f"SELECT data FROM {table} WHERE block = ?", (block,)).fetchone()  # noqa: S608
    return bytes(row[0])


def _owner(connection: sqlite3.Connection, background_process: BackgroundProcessId) -> int:
    row = connection.execute(_OWNERS, (background_process,)).fetchone()
    return -1 if row is None else int(row[0])
