"""Queries of events, and of the place up to which a runtime's events are recorded."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId
from engineroom.store.paging import Page, PagedSelect
from engineroom.store.rows import AnyRow
from engineroom.store.tables import events, runtime_cursor

_INSERT = insert(events)
_LIST = PagedSelect(
    select(events)
    .where(events.c.background_process_id == bindparam("background_process_id"))
    .order_by(events.c.number.desc())
)
_CURSOR = select(runtime_cursor.c.cursor).where(runtime_cursor.c.runtime == bindparam("of_runtime"))
_PRUNE = delete(events).where(events.c.at < bindparam("before"))
_INSERT_CURSOR = insert(runtime_cursor)
_UPDATE_CURSOR = update(runtime_cursor).where(runtime_cursor.c.runtime == bindparam("of_runtime"))


def add(connection: Connection, new: Sequence[Event]) -> None:
    """Store events, in their order."""
    if new:
        connection.execute(_INSERT, [_columns(event) for event in new])


def record(connection: Connection, new: Sequence[Event], *, runtime: str, cursor: str) -> None:
    """Store events of a runtime together with its cursor: none is recorded twice and none is left out."""
    add(connection, new)
    moved = connection.execute(_UPDATE_CURSOR, {"of_runtime": runtime, "cursor": cursor})
    if moved.rowcount == 0:
        connection.execute(_INSERT_CURSOR, {"runtime": runtime, "cursor": cursor})


def cursor_of(connection: Connection, runtime: str) -> str | None:
    """Return the cursor that was recorded last for a runtime."""
    return connection.execute(_CURSOR, {"of_runtime": runtime}).scalar_one_or_none()


def page(connection: Connection, background_process_id: BackgroundProcessId, number: int) -> Page[Event]:
    """Return a page of the events of a background process, newest first."""
    rows, total = _LIST.run(connection, number, {"background_process_id": background_process_id})
    return Page(number, [from_row(row) for row in rows], total)


def prune(connection: Connection, before: datetime) -> None:
    """Remove the events that happened before this moment."""
    connection.execute(_PRUNE, {"before": before})


def _columns(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "background_process_id": event.background_process_id,
        "kind": event.kind,
        "message": event.message,
        "data": dict(event.data),
        "at": event.at,
    }


def from_row(row: AnyRow) -> Event:
    """Return the event in a row of the table."""
    return Event(
        id=row.id,
        background_process_id=row.background_process_id,
        kind=row.kind,
        message=row.message,
        data=row.data,
        at=row.at,
    )
