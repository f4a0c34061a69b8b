"""Queries of events, and of the place up to which a runtime's events are recorded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, EventId
from engineroom.store.databases.inserts import insert_new
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.schema.tables import (
    background_processes,
    commands,
    deployments,
    events,
    instances,
    operations,
    runtime_cursor,
)

_AT_ONCE = 200
_SCOPES = {
    "background_process": select(events).where(events.c.background_process_id == bindparam("id")),
    "environment": select(events).where(
        or_(
            events.c.background_process_id.in_(
                select(background_processes.c.id)
                .join(instances, instances.c.id == background_processes.c.instance_id)
                .where(instances.c.environment_id == bindparam("id"))
            ),
            events.c.subject_id == bindparam("id"),
            *(
                events.c.subject_id.in_(select(part.c.id).where(part.c.environment_id == bindparam("id")))
                for part in (instances, deployments, commands)
            ),
        )
    ),
    # What concerns the host concerns everybody on it. Operations outlive what they tell of, as events do.
    "organization": select(events).where(
        or_(
            and_(events.c.background_process_id.is_(None), events.c.subject_id.is_(None)),
            events.c.subject_id == bindparam("id"),
            *(
                subject.in_(
                    select(operations.c.subject_id).where(operations.c.organization_id == bindparam("id"))
                )
                for subject in (events.c.background_process_id, events.c.subject_id)
            ),
        )
    ),
}
_NEWEST = {kind: PagedSelect(scope.order_by(events.c.number.desc())) for kind, scope in _SCOPES.items()}
_BEHIND = {
    kind: scope.where(events.c.number > bindparam("number")).order_by(events.c.number).limit(_AT_ONCE)
    for kind, scope in _SCOPES.items()
}
_LAST = select(func.coalesce(func.max(events.c.number), 0))
_OF_KIND = (
    select(events.c.background_process_id, events.c.data)
    .where(
        events.c.background_process_id.in_(bindparam("ids", expanding=True)),
        events.c.kind == bindparam("of_kind"),
    )
    .order_by(events.c.number)
)
_KNOWN = select(events.c.id).where(events.c.id.in_(bindparam("ids", expanding=True)))
_CURSOR = select(runtime_cursor.c.cursor).where(runtime_cursor.c.runtime == bindparam("of_runtime"))
_PRUNE = delete(events).where(events.c.at < bindparam("before"))
_INSERT_CURSOR = insert(runtime_cursor)
_UPDATE_CURSOR = update(runtime_cursor).where(runtime_cursor.c.runtime == bindparam("of_runtime"))


def add(connection: Connection, new: Sequence[Event]) -> None:
    """Store events, in their order; one that is stored already stays as it is."""
    insert_new(connection, events, [_columns(event) for event in new])


def known(connection: Connection, ids: Iterable[EventId]) -> frozenset[EventId]:
    """Return those of these ids of which there is an event."""
    return frozenset(connection.execute(_KNOWN, {"ids": list(ids)}).scalars())


def record(connection: Connection, new: Sequence[Event], *, runtime: str, cursor: str) -> None:
    """Store events of a runtime together with its cursor: none is recorded twice and none is left out."""
    add(connection, new)
    moved = connection.execute(_UPDATE_CURSOR, {"of_runtime": runtime, "cursor": cursor})
    if moved.rowcount == 0:
        connection.execute(_INSERT_CURSOR, {"runtime": runtime, "cursor": cursor})


def cursor_of(connection: Connection, runtime: str) -> str | None:
    """Return the cursor that was recorded last for a runtime."""
    return connection.execute(_CURSOR, {"of_runtime": runtime}).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose events: those of a background process, of an environment and all in it, or of an organization and the host."""

    kind: Literal["background_process", "environment", "organization"]
    id: str


def page(connection: Connection, scope: Scope, number: int) -> Page[Event]:
    """Return a page of events, newest first."""
    rows, total = _NEWEST[scope.kind].run(connection, number, {"id": scope.id})
    return Page(number, [_from_row(row) for row in rows], total)


def behind(connection: Connection, scope: Scope, number: int) -> list[tuple[int, Event]]:
    """Return the next events behind a number, each with its own, oldest first."""
    rows = connection.execute(_BEHIND[scope.kind], {"id": scope.id, "number": number})
    return [(row.number, _from_row(row)) for row in rows]


def last_number(connection: Connection) -> int:
    """Return the number of the newest event of all."""
    return int(connection.execute(_LAST).scalar_one())


def last_data(
    connection: Connection, kind: str, background_processes: Sequence[BackgroundProcessId]
) -> dict[BackgroundProcessId, Mapping[str, Any]]:
    """Return the data of the newest event of this kind of each background process that has one."""
    rows = connection.execute(_OF_KIND, {"ids": list(background_processes), "of_kind": kind})
    return {BackgroundProcessId(row.background_process_id): row.data for row in rows}


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
        "subject_id": event.subject_id,
    }


def _from_row(row: AnyRow) -> Event:
    """Return the event in a row of the table."""
    return Event(
        id=row.id,
        background_process_id=row.background_process_id,
        kind=row.kind,
        message=row.message,
        data=row.data,
        at=row.at,
        subject_id=row.subject_id,
    )
