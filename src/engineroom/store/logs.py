"""The log of an environment, from the events that are recorded of its background processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from engineroom.model.event import Event
from engineroom.model.ids import EnvironmentId, InstanceId
from engineroom.store import events as events_of
from engineroom.store.tables import background_processes, events, instances

PAGE_SIZE = 100
"""Contract sheet, section 4.7."""

_PAGE = (
    select(events)
    .join(background_processes, background_processes.c.id == events.c.background_process_id)
    .join(instances, instances.c.id == background_processes.c.instance_id)
    .where(
        instances.c.environment_id == bindparam("environment_id"),
        events.c.at >= bindparam("begin"),
        events.c.at <= bindparam("end"),
        events.c.number > bindparam("after"),
    )
    .order_by(events.c.number)
    .limit(PAGE_SIZE + 1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """What is asked for: between two moments, behind a number, with a text, of some instances or of all."""

    environment_id: EnvironmentId
    begin: datetime
    end: datetime
    after: int = 0
    text: str | None = None
    case_sensitive: bool = False
    instances: Sequence[InstanceId] = ()


def page(connection: Connection, query: LogQuery) -> tuple[list[Event], int | None]:
    """Return a page of entries, oldest first, and the number behind which the next one begins, None behind the last."""
    statement = _PAGE
    if query.text:
        statement = statement.where(_contains(query.text, case_sensitive=query.case_sensitive))
    if query.instances:
        statement = statement.where(instances.c.id.in_(query.instances))
    parameters = {
        "environment_id": query.environment_id,
        "begin": query.begin,
        "end": query.end,
        "after": query.after,
    }
    rows = connection.execute(statement, parameters).all()
    shown = rows[:PAGE_SIZE]
    return [events_of.from_row(row) for row in shown], shown[-1].number if len(rows) > PAGE_SIZE else None


def _contains(text: str, *, case_sensitive: bool) -> ColumnElement[bool]:
    if case_sensitive:
        # LIKE looks at the case on PostgreSQL and does not on SQLite; replacing does on both.
        return func.replace(events.c.message, text, "") != events.c.message
    return events.c.message.icontains(text, autoescape=True)
