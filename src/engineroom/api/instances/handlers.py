"""Instances (contract sheet, section 3.1)."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.background_processes import resource as shown_background_process
from engineroom.api.calls.answers import emptied, written
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Related, Relations
from engineroom.api.calls.inclusion import list_answer, one_answer, related_to_many, related_to_one
from engineroom.api.document.jsonapi import JSON, AllDocument, Resource, encode
from engineroom.api.document.validation import validate
from engineroom.api.environments import resource as shown_environment
from engineroom.api.environments.handlers import require as require_environment
from engineroom.api.http.errors import ConflictError, NotFoundError
from engineroom.api.instances import replica as shown_replica
from engineroom.api.instances import resource as shown
from engineroom.api.instances import size as shown_size
from engineroom.api.instances.requests import CreateInstance, UpdateInstance
from engineroom.api.instances.size import SizeGroups, Sizes
from engineroom.api.operations import resource as shown_operation
from engineroom.control.changes import background_processes as change_processes
from engineroom.control.changes import instances as change
from engineroom.model.ids import EnvironmentId, InstanceId
from engineroom.model.instances.instance import Instance
from engineroom.model.instances.sizes import SIZES
from engineroom.store.queries import background_processes, environments, instances
from engineroom.store.queries.paging import Page


@related_to_one(shown_environment.TYPE)
def _environment(connection: Connection, call: Call, items: Sequence[Instance]) -> Sequence[Related]:
    ids = {item.environment_id for item in items}
    found = {one.id: one for one in environments.some(connection, call.organization_id, list(ids))}
    return [shown_environment.show(call, found[item.environment_id]) for item in items]


@related_to_many(shown_background_process.TYPE)
def _background_processes(connection: Connection, call: Call, items: Sequence[Instance]) -> Sequence[Related]:
    of: defaultdict[InstanceId, list[Resource]] = defaultdict(list)
    ids = [item.id for item in items]
    for found in background_processes.of_instances(connection, call.organization_id, ids):
        of[found.instance_id].append(shown_background_process.show(call, found))
    return [of[item.id] for item in items]


RELATIONS: Relations[Instance] = {
    "environment": _environment,
    "backgroundProcesses": _background_processes,
}


async def index(call: Call) -> Answer:
    """List the instances of an environment."""
    environment_id = EnvironmentId(call.id("environment"))

    def read(connection: Connection) -> Page[Instance]:
        if environments.find(connection, call.organization_id, environment_id) is None:
            raise NotFoundError
        return instances.page(connection, call.organization_id, environment_id, call.page, call.filters)

    return await list_answer(call, read, shown.show)


async def show(call: Call) -> Answer:
    """Show one instance."""
    return await one_answer(call, lambda connection: _require(connection, call), shown.show)


async def create(call: Call) -> Answer:
    """Make an instance, with its background processes: all of it, or nothing."""
    environment_id = (await call.read(lambda connection: require_environment(connection, call))).id
    fields = validate(CreateInstance, await call.fields())
    new = fields.made(environment_id)
    operation = await change.create(call.control, call.token, new, fields.processes_made(new.id))
    return written(shown.show(call, new), operation, status=201)


async def update(call: Call) -> Answer:
    """Change an instance."""
    before = await call.read(lambda connection: _require(connection, call))
    fields = validate(UpdateInstance, await call.fields())
    after, operation = await change.update(call.control, call.token, before.id, fields.applied_to)
    return written(shown.show(call, after), operation)


async def delete(call: Call) -> Answer:
    """Delete an instance; everything on it drains."""
    found = await call.read(lambda connection: _require(connection, call))
    try:
        return emptied(await change.delete(call.control, call.token, found.id))
    except change.UndeletableError:
        raise ConflictError(
            "The app instance belongs to its environment and cannot be deleted. Delete the environment, or stop it."
        ) from None


async def sizes(call: Call) -> Answer:
    """List the sizes that an instance can have."""
    await call.authenticate()
    general = [shown_size.show(size) for size in SIZES if size.offered]
    return Answer(encode(Sizes(SizeGroups(general, []))), media_type=JSON)


async def replicas(call: Call) -> Answer:
    """List the replicas of an instance in which something runs, on one page."""
    found = await call.read(lambda connection: _require(connection, call))
    resources = [shown_replica.show(replica) for replica in call.control.replicas(found.id)]
    return Answer(encode(AllDocument(resources, {"total": len(resources)})))


async def restart(call: Call) -> Answer:
    """Restart every background process of an instance; the operations are answered on one page, however many."""
    found = await call.read(lambda connection: _require(connection, call))
    operations = await change_processes.restart_instance(call.control, call.token, found.id)
    resources = [shown_operation.show(call, operation) for operation in operations]
    return Answer(encode(AllDocument(resources, {"total": len(resources)})), status=202)


def _require(connection: Connection, call: Call) -> Instance:
    found = instances.find(connection, call.organization_id, InstanceId(call.id("instance")))
    if found is None:
        raise NotFoundError
    return found
