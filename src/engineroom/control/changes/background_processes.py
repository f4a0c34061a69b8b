"""Changes of background processes: each is one write of the rows and the operation, and then a wake-up."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from engineroom.control.changes.changing import Actor, Changing, GoneError, OperationRecorder, existing
from engineroom.model.changes import changes
from engineroom.model.ids import BackgroundProcessId, InstanceId, OperationId, OrganizationId
from engineroom.model.operation import Operation, OperationAction
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.token import Token
from engineroom.store.queries import background_processes, instances
from engineroom.store.queries.scaling import scales

Change = Callable[[BackgroundProcess], BackgroundProcess]
"""Returns what a background process becomes; may raise, and then nothing is written."""

_FORCED = {"force": (False, True)}


async def create(
    control: Changing, actor: Token, new: BackgroundProcess
) -> tuple[BackgroundProcess, Operation]:
    """Store a new background process; return it with its operation once both are on disk.

    Raises GoneError when the organization of `actor` has no such instance.
    """

    def write(connection: Connection) -> Operation:
        _require_instance(connection, actor.organization_id, new.instance_id)
        add(connection, new)
        return OperationRecorder(connection, actor, OperationAction.CREATE).record(new.id, changes(None, new))

    operation = await control.store.write(write)
    control.wake([new.id])
    return new, operation


def add(connection: Connection, new: BackgroundProcess) -> None:
    """Store a new background process, in the transaction of `connection`."""
    background_processes.add(connection, new)
    if new.strategy_type is not StrategyType.NONE:
        # It grows with its queue, from one; `processes` is how far.
        scales.put(connection, {new.id: 1}, new.created_at)


async def update(
    control: Changing, actor: Token, background_process_id: BackgroundProcessId, change: Change
) -> tuple[BackgroundProcess, Operation]:
    """Change a background process as it is at the moment of writing; return it with its operation.

    Raises GoneError when the organization of `actor` has none of this id, and what `change` raises.
    """

    def write(connection: Connection) -> tuple[BackgroundProcess, Operation]:
        before = _require(connection, actor.organization_id, background_process_id)
        after = change(before)
        background_processes.replace(connection, after)
        recorder = OperationRecorder(connection, actor, OperationAction.UPDATE)
        return after, recorder.record(after.id, changes(before, after))

    changed = await control.store.write(write)
    control.wake([background_process_id])
    return changed


async def restart(control: Changing, actor: Token, background_process_id: BackgroundProcessId) -> Operation:
    """Have every process of a background process replaced, a few at a time; return the operation.

    Raises GoneError when the organization of `actor` has none of this id.
    """

    def write(connection: Connection) -> Operation:
        before = _require(connection, actor.organization_id, background_process_id)
        return bump_generation(connection, actor, before)

    operation = await control.store.write(write)
    control.wake([background_process_id])
    return operation


async def restart_instance(control: Changing, actor: Token, instance_id: InstanceId) -> list[Operation]:
    """Restart every background process of an instance; return their operations, of the oldest first.

    Raises GoneError when the organization of `actor` has no such instance.
    """

    def write(connection: Connection) -> tuple[list[BackgroundProcessId], list[Operation]]:
        _require_instance(connection, actor.organization_id, instance_id)
        found = background_processes.of_instance(connection, instance_id)
        recorded = [bump_generation(connection, actor, each) for each in found]
        return [each.id for each in found], recorded

    affected, recorded = await control.store.write(write)
    control.wake(affected)
    return recorded


async def delete(
    control: Changing, actor: Token, background_process_id: BackgroundProcessId, *, force: bool = False
) -> Operation:
    """Mark a background process as deleted, so that its processes drain; return the operation.

    With `force` they are killed at once, and so is what is left of one that was deleted before.

    Raises GoneError when the organization of `actor` has none of this id, not even a draining one.
    """

    def write(connection: Connection) -> Operation:
        found = background_processes.find(connection, actor.organization_id, background_process_id)
        if found is None:
            return _delete_again(connection, actor, background_process_id)
        changed = {**changes(found, None), **(_FORCED if force else {})}
        operation = OperationRecorder(connection, actor, OperationAction.DELETE).record(found.id, changed)
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
        raise GoneError(background_process_id)
    background_processes.mark_forced(connection, found.id)
    return OperationRecorder(connection, actor, OperationAction.DELETE).record(found.id, _FORCED)


def bump_generation(
    connection: Connection, actor: Token | Actor, before: BackgroundProcess, parent: OperationId | None = None
) -> Operation:
    """Have every process of a background process replaced, in the transaction of `connection`; return the operation."""
    after = replace(before, generation=before.generation + 1)
    background_processes.replace(connection, after)
    return OperationRecorder(connection, actor, OperationAction.RESTART).record(
        after.id, changes(before, after), parent=parent
    )


def _require_instance(
    connection: Connection, organization_id: OrganizationId, instance_id: InstanceId
) -> None:
    existing(instances.find(connection, organization_id, instance_id), instance_id)


def _require(
    connection: Connection, organization_id: OrganizationId, background_process_id: BackgroundProcessId
) -> BackgroundProcess:
    return existing(
        background_processes.find(connection, organization_id, background_process_id), background_process_id
    )
