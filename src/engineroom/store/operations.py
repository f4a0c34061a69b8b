"""Queries of operations."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from engineroom.model.ids import BackgroundProcessId, OperationId, OrganizationId
from engineroom.model.operation import Operation, OperationAction, OperationStatus
from engineroom.store.paging import Page, PagedSelect
from engineroom.store.rows import AnyRow
from engineroom.store.tables import operations

_NEWEST_FIRST = (operations.c.created_at.desc(), operations.c.id.desc())
_INSERT = insert(operations)
_SUPERSEDE = update(operations).where(
    operations.c.background_process_id == bindparam("of_background_process_id"),
    operations.c.status == OperationStatus.RUNNING,
)
_FINISH = update(operations).where(
    operations.c.id.in_(bindparam("ids", expanding=True)),
    operations.c.status == OperationStatus.RUNNING,
)
_OWNED = select(operations).where(operations.c.organization_id == bindparam("organization_id"))
_ONE = _OWNED.where(operations.c.id == bindparam("id"))
_LIST = PagedSelect(_OWNED.order_by(*_NEWEST_FIRST))
_OF_BACKGROUND_PROCESS = PagedSelect(
    select(operations)
    .where(operations.c.background_process_id == bindparam("background_process_id"))
    .order_by(*_NEWEST_FIRST)
)
_RUNNING = (
    select(operations)
    .where(operations.c.status == OperationStatus.RUNNING)
    .order_by(operations.c.created_at, operations.c.id)
)
_RUNNING_OF = _RUNNING.where(operations.c.background_process_id.in_(bindparam("ids", expanding=True)))


def add(connection: Connection, operation: Operation) -> None:
    """Store a new operation; those that still run on the same background process are superseded by it."""
    if operation.action is not OperationAction.CREATE:
        # Before what is created now, there was nothing to be done with it.
        _supersede(connection, operation)
    connection.execute(
        _INSERT,
        {
            "id": operation.id,
            "organization_id": operation.organization_id,
            "background_process_id": operation.background_process_id,
            "action": operation.action,
            "status": operation.status,
            "actor": operation.actor,
            "changes": operation.changes,
            "created_at": operation.created_at,
            "finished_at": operation.finished_at,
        },
    )


def _supersede(connection: Connection, operation: Operation) -> None:
    connection.execute(
        _SUPERSEDE,
        {
            "of_background_process_id": operation.background_process_id,
            "status": OperationStatus.SUPERSEDED,
            "finished_at": operation.created_at,
        },
    )


def finish(connection: Connection, ids: Iterable[OperationId], at: datetime) -> None:
    """Mark those of these operations that still run as succeeded."""
    parameters = {"ids": list(ids), "status": OperationStatus.SUCCEEDED, "finished_at": at}
    connection.execute(_FINISH, parameters)


def find(
    connection: Connection, organization_id: OrganizationId, operation_id: OperationId
) -> Operation | None:
    """Return one operation of an organization."""
    row = connection.execute(_ONE, {"organization_id": organization_id, "id": operation_id}).one_or_none()
    return None if row is None else _from_row(row)


def page(connection: Connection, organization_id: OrganizationId, number: int) -> Page[Operation]:
    """Return a page of an organization's operations, newest first."""
    rows, total = _LIST.run(connection, number, {"organization_id": organization_id})
    return Page(number, [_from_row(row) for row in rows], total)


def page_of_background_process(
    connection: Connection, background_process_id: BackgroundProcessId, number: int
) -> Page[Operation]:
    """Return a page of a background process's operations, newest first."""
    rows, total = _OF_BACKGROUND_PROCESS.run(
        connection, number, {"background_process_id": background_process_id}
    )
    return Page(number, [_from_row(row) for row in rows], total)


def running(
    connection: Connection, background_process_ids: Iterable[BackgroundProcessId] | None = None
) -> list[Operation]:
    """Return the operations that are not finished, of these background processes or of all, oldest first."""
    if background_process_ids is None:
        rows = connection.execute(_RUNNING)
    else:
        rows = connection.execute(_RUNNING_OF, {"ids": list(background_process_ids)})
    return [_from_row(row) for row in rows]


def _from_row(row: AnyRow) -> Operation:
    return Operation(
        id=row.id,
        organization_id=row.organization_id,
        background_process_id=row.background_process_id,
        action=OperationAction(row.action),
        status=OperationStatus(row.status),
        actor=row.actor,
        changes={field: (before, after) for field, (before, after) in row.changes.items()},
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
