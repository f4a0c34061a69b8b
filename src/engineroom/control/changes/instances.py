"""Changes of instances: each is one write of the rows and the operation, and then a wake-up."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from engineroom.control.changes.background_processes import add
from engineroom.control.changes.changing import Changing, GoneError, OperationRecorder, existing
from engineroom.model.applications.environment import Environment
from engineroom.model.changes import changes, fields_changed
from engineroom.model.ids import InstanceId
from engineroom.model.instances.instance import Instance, InstanceType
from engineroom.model.operation import Operation, OperationAction
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.token import Token
from engineroom.store.queries import background_processes, environments, instances

Change = Callable[[Instance, Environment], tuple[Instance, Environment]]
"""Returns what an instance and its environment become; may raise, and then nothing is written."""

_FELT_BY_PROCESSES = frozenset(
    {"size", "scaling_type", "min_replicas", "max_replicas", "shutdown_timeout_seconds"}
)


class UndeletableError(Exception):
    """The app instance lives and dies with its environment; delete the environment instead."""


async def create(
    control: Changing, actor: Token, new: Instance, processes: Sequence[BackgroundProcess]
) -> Operation:
    """Store a new instance and its background processes, all or nothing; return the operation.

    Raises GoneError when the organization of `actor` has no such environment.
    """

    def write(connection: Connection) -> Operation:
        if environments.find(connection, actor.organization_id, new.environment_id) is None:
            raise GoneError(new.environment_id)
        instances.add(connection, new)
        recorder = OperationRecorder(connection, actor, OperationAction.CREATE)
        operation = recorder.record_with(new.id, fields_changed(None, new), [])
        for background_process in processes:
            add(connection, background_process)
            recorder.record(background_process.id, changes(None, background_process))
        return operation

    operation = await control.store.write(write)
    control.wake([background_process.id for background_process in processes])
    return operation


async def update(
    control: Changing, actor: Token, instance_id: InstanceId, change: Change
) -> tuple[Instance, Operation]:
    """Change an instance as it is at the moment of writing; return it with its operation.

    Raises GoneError when the organization of `actor` has none of this id, and what `change` raises.
    """

    def write(connection: Connection) -> tuple[Instance, Operation, Sequence[BackgroundProcess]]:
        before = _require(connection, actor, instance_id)
        [environment] = environments.some(connection, actor.organization_id, [before.environment_id])
        after, environment_after = change(before, environment)
        instances.replace(connection, after)
        environments.replace(connection, environment_after)
        changed = {**fields_changed(environment, environment_after), **fields_changed(before, after)}
        felt = not _FELT_BY_PROCESSES.isdisjoint(changed)
        affected = background_processes.of_instance(connection, instance_id) if felt else []
        recorder = OperationRecorder(connection, actor, OperationAction.UPDATE)
        return after, recorder.record_with(instance_id, changed, affected), affected

    after, operation, affected = await control.store.write(write)
    control.wake([background_process.id for background_process in affected])
    return after, operation


async def delete(control: Changing, actor: Token, instance_id: InstanceId) -> Operation:
    """Delete an instance, so that everything on it drains; return the operation.

    Raises GoneError when the organization of `actor` has none of this id, and UndeletableError for the app instance.
    """

    def write(connection: Connection) -> tuple[Operation, Sequence[BackgroundProcess]]:
        found = _require(connection, actor, instance_id)
        if found.type is InstanceType.APP:
            raise UndeletableError(instance_id)
        affected = background_processes.of_instance(connection, instance_id)
        recorder = OperationRecorder(connection, actor, OperationAction.DELETE)
        operation = recorder.record_deletion(instance_id, fields_changed(found, None), affected)
        instances.mark_deleted(connection, instance_id, operation.created_at)
        instances.purge(connection)
        return operation, affected

    operation, affected = await control.store.write(write)
    control.wake([background_process.id for background_process in affected])
    return operation


def _require(connection: Connection, actor: Token, instance_id: InstanceId) -> Instance:
    return existing(instances.find(connection, actor.organization_id, instance_id), instance_id)
