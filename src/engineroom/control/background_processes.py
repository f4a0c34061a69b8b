"""Changes of background processes: each is one write of the rows and the operation, and then a wake-up."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Connection

from engineroom.model.background_process import BackgroundProcess
from engineroom.model.changes import changes
from engineroom.model.ids import BackgroundProcessId, InstanceId, OrganizationId, new_operation_id
from engineroom.model.operation import Operation, OperationAction, OperationStatus
from engineroom.model.token import Token
from engineroom.store import Store, background_processes, instances, operations

Change = Callable[[BackgroundProcess], BackgroundProcess]
"""Returns what a background process becomes; may raise, and then nothing is written."""


class Changing(Protocol):
    """What a change needs of the control plane."""

    @property
    def store(self) -> Store:
        """Where what should be is kept."""

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Have what should be of these looked at now."""


class InstanceGoneError(Exception):
    """The instance does not exist, or no longer."""


class BackgroundProcessGoneError(Exception):
    """The background process does not exist, or no longer."""


async def create(
    control: Changing, actor: Token, new: BackgroundProcess
) -> tuple[BackgroundProcess, Operation]:
    """Store a new background process; return it with its operation once both are on disk.

    Raises InstanceGoneError when the organization of `actor` has no such instance.
    """

    def write(connection: Connection) -> Operation:
        _require_instance(connection, actor.organization_id, new.instance_id)
        background_processes.add(connection, new)
        return _record(connection, actor, OperationAction.CREATE, None, new)

    operation = await control.store.write(write)
    control.wake([new.id])
    return new, operation


async def update(
    control: Changing, actor: Token, background_process_id: BackgroundProcessId, change: Change
) -> tuple[BackgroundProcess, Operation]:
    """Change a background process as it is at the moment of writing; return it with its operation.

    Raises BackgroundProcessGoneError when the organization of `actor` has none of this id, and what `change` raises.
    """

    def write(connection: Connection) -> tuple[BackgroundProcess, Operation]:
        before = _require(connection, actor.organization_id, background_process_id)
        after = change(before)
        background_processes.replace(connection, after)
        return after, _record(connection, actor, OperationAction.UPDATE, before, after)

    changed = await control.store.write(write)
    control.wake([background_process_id])
    return changed


async def delete(control: Changing, actor: Token, background_process_id: BackgroundProcessId) -> Operation:
    """Mark a background process as deleted, so that its processes drain; return the operation.

    Raises BackgroundProcessGoneError when the organization of `actor` has none of this id.
    """

    def write(connection: Connection) -> Operation:
        before = _require(connection, actor.organization_id, background_process_id)
        operation = _record(connection, actor, OperationAction.DELETE, before, None)
        background_processes.mark_deleted(connection, background_process_id, operation.created_at)
        return operation

    operation = await control.store.write(write)
    control.wake([background_process_id])
    return operation


def _require_instance(
    connection: Connection, organization_id: OrganizationId, instance_id: InstanceId
) -> None:
    if instances.find(connection, organization_id, instance_id) is None:
        raise InstanceGoneError(instance_id)


def _require(
    connection: Connection, organization_id: OrganizationId, background_process_id: BackgroundProcessId
) -> BackgroundProcess:
    found = background_processes.find(connection, organization_id, background_process_id)
    if found is None:
        raise BackgroundProcessGoneError(background_process_id)
    return found


def _record(
    connection: Connection,
    actor: Token,
    action: OperationAction,
    before: BackgroundProcess | None,
    after: BackgroundProcess | None,
) -> Operation:
    subject = after or before
    if subject is None:
        raise ValueError("an operation is about a background process before or after it")
    operation = Operation(
        id=new_operation_id(),
        organization_id=actor.organization_id,
        background_process_id=subject.id,
        action=action,
        status=OperationStatus.RUNNING,
        actor=actor.name,
        changes=changes(before, after),
        created_at=datetime.now(UTC),
        finished_at=None,
    )
    operations.add(connection, operation)
    return operation
