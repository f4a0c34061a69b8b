"""Changes of background processes: each is one write of the rows and the operation, and then a wake-up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from engineroom.model.background_process import BackgroundProcess, StrategyType
from engineroom.model.changes import changes
from engineroom.model.event import Event
from engineroom.model.ids import (
    BackgroundProcessId,
    InstanceId,
    OrganizationId,
    new_event_id,
    new_operation_id,
)
from engineroom.model.operation import Operation, OperationAction, OperationStatus
from engineroom.model.token import Token
from engineroom.store import Store, background_processes, events, instances, operations, scales

Change = Callable[[BackgroundProcess], BackgroundProcess]
"""Returns what a background process becomes; may raise, and then nothing is written."""


_PAST = {
    OperationAction.CREATE: "created",
    OperationAction.UPDATE: "changed",
    OperationAction.DELETE: "deleted",
    OperationAction.RESTART: "restarted",
}
_FORCED = {"force": (False, True)}


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
        if new.strategy_type is not StrategyType.NONE:
            # It grows with its queue, from one; `processes` is how far.
            scales.put(connection, {new.id: 1}, new.created_at)
        return _record(connection, actor, OperationAction.CREATE, new, changes(None, new))

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
        return after, _record(connection, actor, OperationAction.UPDATE, after, changes(before, after))

    changed = await control.store.write(write)
    control.wake([background_process_id])
    return changed


async def restart(control: Changing, actor: Token, background_process_id: BackgroundProcessId) -> Operation:
    """Have every process of a background process replaced, a few at a time; return the operation.

    Raises BackgroundProcessGoneError when the organization of `actor` has none of this id.
    """

    def write(connection: Connection) -> Operation:
        before = _require(connection, actor.organization_id, background_process_id)
        return _raise_generation(connection, actor, before)

    operation = await control.store.write(write)
    control.wake([background_process_id])
    return operation


async def restart_instance(control: Changing, actor: Token, instance_id: InstanceId) -> list[Operation]:
    """Restart every background process of an instance; return their operations, of the oldest first.

    Raises InstanceGoneError when the organization of `actor` has no such instance.
    """

    def write(connection: Connection) -> list[Operation]:
        _require_instance(connection, actor.organization_id, instance_id)
        found = background_processes.of_instances(connection, actor.organization_id, [instance_id])
        return [_raise_generation(connection, actor, each) for each in found]

    operations_of = await control.store.write(write)
    control.wake([operation.background_process_id for operation in operations_of])
    return operations_of


async def delete(
    control: Changing, actor: Token, background_process_id: BackgroundProcessId, *, force: bool = False
) -> Operation:
    """Mark a background process as deleted, so that its processes drain; return the operation.

    With `force` they are killed at once, and so is what is left of one that was deleted before.

    Raises BackgroundProcessGoneError when the organization of `actor` has none of this id, not even a draining one.
    """

    def write(connection: Connection) -> Operation:
        found = background_processes.find(connection, actor.organization_id, background_process_id)
        if found is None:
            return _delete_again(connection, actor, background_process_id)
        changed = {**changes(found, None), **(_FORCED if force else {})}
        operation = _record(connection, actor, OperationAction.DELETE, found, changed)
        background_processes.mark_deleted(connection, found.id, operation.created_at)
        if force:
            background_processes.mark_forced(connection, found.id)
        return operation

    operation = await control.store.write(write)
    control.wake([background_process_id])
    return operation


def _delete_again(
    connection: Connection, actor: Token, background_process_id: BackgroundProcessId
) -> Operation:
    """Have what is left of a deleted background process killed: who asks twice does not want to wait."""
    found = background_processes.find_deleted(connection, actor.organization_id, background_process_id)
    if found is None:
        raise BackgroundProcessGoneError(background_process_id)
    background_processes.mark_forced(connection, found.id)
    return _record(connection, actor, OperationAction.DELETE, found, _FORCED)


def _raise_generation(connection: Connection, actor: Token, before: BackgroundProcess) -> Operation:
    after = replace(before, generation=before.generation + 1)
    background_processes.replace(connection, after)
    return _record(connection, actor, OperationAction.RESTART, after, changes(before, after))


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
    subject: BackgroundProcess,
    changed: Mapping[str, tuple[Any, Any]],
) -> Operation:
    operation = Operation(
        id=new_operation_id(),
        organization_id=actor.organization_id,
        background_process_id=subject.id,
        action=action,
        status=OperationStatus.RUNNING,
        actor=actor.name,
        changes=changed,
        created_at=datetime.now(UTC),
        finished_at=None,
    )
    operations.add(connection, operation)
    events.add(connection, [_event(operation)])
    return operation


def _event(operation: Operation) -> Event:
    past = _PAST[operation.action]
    fields = f": {', '.join(operation.changes)}" if operation.action is OperationAction.UPDATE else ""
    return Event(
        id=new_event_id(),
        background_process_id=operation.background_process_id,
        kind=f"background_process.{past}",
        message=f"{operation.actor} {past} it{fields}.",
        data={"actor": operation.actor, "operation": operation.id, "fields": list(operation.changes)},
        at=operation.created_at,
    )
