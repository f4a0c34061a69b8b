"""Queries of the audit trail."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from engineroom.model.audit import AuditEntry
from engineroom.model.ids import OrganizationId
from engineroom.store.databases.rows import AnyRow
from engineroom.store.engine.attribution import accompanied
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.schema.tables import audit_entries

_INSERT = insert(audit_entries)
_LIST = PagedSelect(
    select(audit_entries)
    .where(audit_entries.c.organization_id == bindparam("organization_id"))
    .order_by(audit_entries.c.at.desc(), audit_entries.c.id.desc())
)
_PRUNE = delete(audit_entries).where(audit_entries.c.at < bindparam("before"))


def attributed(entry: Callable[[], AuditEntry]) -> AbstractContextManager[None]:
    """Have what the present task writes recorded under an entry, in the very transaction of its first write."""
    return accompanied(lambda connection: _add(connection, entry()))


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
