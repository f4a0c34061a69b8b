"""Queries of operations."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from engineroom.model.ids import BackgroundProcessId, OperationId, OrganizationId
from engineroom.model.operation import Operation, OperationAction, OperationStatus, SubjectId
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.schema.tables import operations

_NEWEST_FIRST = (operations.c.created_at.desc(), operations.c.id.desc())
_INSERT = insert(operations)
_SUPERSEDE = update(operations).where(
    operations.c.subject_id == bindparam("of_subject_id"),
    operations.c.status == OperationStatus.RUNNING,
)
_CHILDREN = operations.alias("children")
_CHILD = select(_CHILDREN.c.id).where(_CHILDREN.c.parent_id == operations.c.id)
_FINISH_PARENTS = update(operations).where(
    operations.c.status == OperationStatus.RUNNING,
    operations.c.action != OperationAction.DEPLOY,
    _CHILD.exists(),
    ~_CHILD.where(_CHILDREN.c.status == OperationStatus.RUNNING).exists(),
)
_RUNNING_CHILDREN = select(operations.c.id, operations.c.subject_id).where(
    operations.c.parent_id == bindparam("parent_id"), operations.c.status == OperationStatus.RUNNING
)
_FINISH = update(operations).where(
    operations.c.id.in_(bindparam("ids", expanding=True)),
    operations.c.status == OperationStatus.RUNNING,
)
_OWNED = select(operations).where(operations.c.organization_id == bindparam("organization_id"))
_ONE = _OWNED.where(operations.c.id == bindparam("id"))
_ANY = select(operations).where(operations.c.id == bindparam("id"))
_LIST = PagedSelect(_OWNED.order_by(*_NEWEST_FIRST))
_OF_SUBJECT = PagedSelect(
    select(operations).where(operations.c.subject_id == bindparam("subject_id")).order_by(*_NEWEST_FIRST)
)
_KNOWN_SUBJECTS = (
    select(operations.c.subject_id)
    .where(operations.c.subject_id.in_(bindparam("ids", expanding=True)))
    .distinct()
)
_RUNNING_ON = (
    select(operations.c.id, operations.c.subject_id)
    .where(
        operations.c.status == OperationStatus.RUNNING,
        operations.c.subject_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(operations.c.created_at, operations.c.id)
)


def add(connection: Connection, operation: Operation) -> None:
    """Store a new operation; those that still run on the same subject are superseded by it."""
    if operation.action is not OperationAction.CREATE:
        # Before what is created now, there was nothing to be done with it.
        _supersede(connection, operation)
    connection.execute(
        _INSERT,
        {
            "id": operation.id,
            "organization_id": operation.organization_id,
            "subject_id": operation.subject_id,
            "action": operation.action,
            "status": operation.status,
            "actor": operation.actor,
            "changes": operation.changes,
            "created_at": operation.created_at,
            "finished_at": operation.finished_at,
            "parent_id": operation.parent_id,
        },
    )


def _supersede(connection: Connection, operation: Operation) -> None:
    superseded = {"status": OperationStatus.SUPERSEDED, "finished_at": operation.created_at}
    found = connection.execute(_SUPERSEDE, {"of_subject_id": operation.subject_id, **superseded})
    if found.rowcount:
        connection.execute(_FINISH_PARENTS, superseded)


def finish(connection: Connection, ids: Iterable[OperationId], at: datetime) -> None:
    """Mark those of these operations that still run as succeeded, and those of which nothing is left to do then."""
    succeeded = {"status": OperationStatus.SUCCEEDED, "finished_at": at}
    connection.execute(_FINISH, {"ids": list(ids), **succeeded})
    connection.execute(_FINISH_PARENTS, succeeded)


def end(connection: Connection, operation_id: OperationId, status: OperationStatus, at: datetime) -> None:
    """End an operation with this status, unless it has ended already."""
    connection.execute(_FINISH, {"ids": [operation_id], "status": status, "finished_at": at})


def running_children(connection: Connection, operation_id: OperationId) -> dict[OperationId, str]:
    """Return what of that which this operation began still goes on, and what each is about."""
    rows = connection.execute(_RUNNING_CHILDREN, {"parent_id": operation_id})
    return {row.id: row.subject_id for row in rows}


def find(
    connection: Connection, organization_id: OrganizationId, operation_id: OperationId
) -> Operation | None:
    """Return one operation of an organization."""
    row = connection.execute(_ONE, {"organization_id": organization_id, "id": operation_id}).one_or_none()
    return None if row is None else _from_row(row)


def get(connection: Connection, operation_id: OperationId) -> Operation:
    """Return an operation that is known to exist, of whatever organization."""
    return _from_row(connection.execute(_ANY, {"id": operation_id}).one())


def page(connection: Connection, organization_id: OrganizationId, number: int) -> Page[Operation]:
    """Return a page of an organization's operations, newest first."""
    rows, total = _LIST.run(connection, number, {"organization_id": organization_id})
    return Page(number, [_from_row(row) for row in rows], total)


def page_of_subject(connection: Connection, subject_id: SubjectId, number: int) -> Page[Operation]:
    """Return a page of the operations on a subject, newest first."""
    rows, total = _OF_SUBJECT.run(connection, number, {"subject_id": subject_id})
    return Page(number, [_from_row(row) for row in rows], total)


def running(
    connection: Connection, background_process_ids: Iterable[BackgroundProcessId]
) -> dict[BackgroundProcessId, list[OperationId]]:
    """Return the operations on these background processes that are not finished, oldest first; of those that have any."""
    found: dict[BackgroundProcessId, list[OperationId]] = {}
    for id, subject_id in connection.execute(_RUNNING_ON, {"ids": list(background_process_ids)}):
        found.setdefault(subject_id, []).append(id)
    return found


def known_subjects(connection: Connection, ids: Iterable[str]) -> frozenset[str]:
    """Return those of these of which there was an operation, be they there or not any more."""
    return frozenset(connection.execute(_KNOWN_SUBJECTS, {"ids": list(ids)}).scalars())


def _from_row(row: AnyRow) -> Operation:
    return Operation(
        id=row.id,
        organization_id=row.organization_id,
        subject_id=row.subject_id,
        action=OperationAction(row.action),
        status=OperationStatus(row.status),
        actor=row.actor,
        changes={field: (before, after) for field, (before, after) in row.changes.items()},
        created_at=row.created_at,
        finished_at=row.finished_at,
        parent_id=row.parent_id,
    )
