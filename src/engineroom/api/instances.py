"""Instances (contract sheet, section 3.1)."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.call import Answer, Call
from engineroom.api.documents import AllDocument, Resource, encode
from engineroom.api.endpoint import Related, Relations
from engineroom.api.errors import NotFoundError
from engineroom.api.inclusion import list_answer, one_answer, related_to_many, related_to_one
from engineroom.api.resources import background_process as shown_background_process
from engineroom.api.resources import environment as shown_environment
from engineroom.api.resources import instance as shown
from engineroom.api.resources import operation as shown_operation
from engineroom.api.resources import replica as shown_replica
from engineroom.control import background_processes as change
from engineroom.model.ids import EnvironmentId, InstanceId
from engineroom.model.instance import Instance
from engineroom.store import background_processes, environments, instances
from engineroom.store.paging import Page


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


async def replicas(call: Call) -> Answer:
    """List the replicas of an instance in which something runs, on one page."""
    found = await call.read(lambda connection: _require(connection, call))
    resources = [shown_replica.show(replica) for replica in call.control.replicas(found.id)]
    return Answer(encode(AllDocument(resources, {"total": len(resources)})))


async def restart(call: Call) -> Answer:
    """Restart every background process of an instance; the operations are answered on one page, however many."""
    found = await call.read(lambda connection: _require(connection, call))
    try:
        operations = await change.restart_instance(call.control, call.token, found.id)
    except change.InstanceGoneError:
        raise NotFoundError from None
    resources = [shown_operation.show(call, operation) for operation in operations]
    return Answer(encode(AllDocument(resources, {"total": len(resources)})), status=202)


def _require(connection: Connection, call: Call) -> Instance:
    found = instances.find(connection, call.organization_id, InstanceId(call.id("instance")))
    if found is None:
        raise NotFoundError
    return found
