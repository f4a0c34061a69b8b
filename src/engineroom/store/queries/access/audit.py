"""The audit trail: its queries, and the entry that the writes of the present task are recorded under."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select

from engineroom.model.audit import AuditEntry
from engineroom.model.ids import OrganizationId
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.schema.tables import audit_entries

Result = TypeVar("Result")

_INSERT = insert(audit_entries)
_LIST = PagedSelect(
    select(audit_entries)
    .where(audit_entries.c.organization_id == bindparam("organization_id"))
    .order_by(audit_entries.c.at.desc(), audit_entries.c.id.desc())
)
_PRUNE = delete(audit_entries).where(audit_entries.c.at < bindparam("before"))


class _Attribution:
    """Whose writes the present task makes. The entry is made once, with the first write that succeeds."""

    def __init__(self, entry: Callable[[], AuditEntry]) -> None:
        self._entry = entry
        self._recorded = False

    def record(self, connection: Connection) -> None:
        """Add the entry in the transaction of the write, unless an earlier write of the task had it."""
        if not self._recorded:
            _add(connection, self._entry())

    def committed(self) -> None:
        """Take in that a write of the task is on disk, and the entry with it."""
        self._recorded = True


_present: ContextVar[_Attribution | None] = ContextVar("engineroom_attribution", default=None)


@contextmanager
def attributed(entry: Callable[[], AuditEntry]) -> Iterator[None]:
    """Have what the present task writes recorded under an entry, in the very transaction of its first write."""
    token = _present.set(_Attribution(entry))
    try:
        yield
    finally:
        _present.reset(token)


async def recorded(
    run: Callable[[Callable[[Connection], Result]], Awaitable[Result]],
    function: Callable[[Connection], Result],
) -> Result:
    """Have `run` do a write that also makes the entry which the present task's writes are recorded under."""
    attribution = _present.get()
    if attribution is None:
        return await run(function)

    def write(connection: Connection) -> Result:
        result = function(connection)
        attribution.record(connection)
        return result

    result = await run(write)
    attribution.committed()
    return result


def page(connection: Connection, organization_id: OrganizationId, number: int) -> Page[AuditEntry]:
    """Return a page of an organization's entries, newest first."""
    rows, total = _LIST.run(connection, number, {"organization_id": organization_id})
    return Page(number, [_from_row(row) for row in rows], total)


def prune(connection: Connection, before: datetime) -> None:
    """Remove the entries that were made before this moment."""
    connection.execute(_PRUNE, {"before": before})


def _add(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(
        _INSERT,
        {
            "id": entry.id,
            "organization_id": entry.organization_id,
            "token_id": entry.token_id,
            "actor": entry.actor,
            "action": entry.action,
            "target": entry.target,
            "address": entry.address,
            "user_agent": entry.user_agent,
            "at": entry.at,
        },
    )


def _from_row(row: AnyRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        organization_id=row.organization_id,
        token_id=row.token_id,
        actor=row.actor,
        action=row.action,
        target=row.target,
        address=row.address,
        user_agent=row.user_agent,
        at=row.at,
    )
