"""Answer for instances (contract sheet, section 3.1)."""

from sqlalchemy import Connection

from engineroom.api.calls.answers import all_answer, emptied, list_answer, one_answer, plain, written
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import ConflictError
from engineroom.api.instances import replica, resource, size
from engineroom.api.instances.requests import CreateInstance, UpdateInstance
from engineroom.api.operations.progress import with_progress
from engineroom.control.changes import background_processes as change_processes
from engineroom.control.changes import instances as change
from engineroom.model.applications.environment import Environment
from engineroom.model.instances.instance import Instance
from engineroom.model.instances.sizes import SIZES
from engineroom.store.queries import instances
from engineroom.store.queries.paging import Page


async def index(call: Call, environment: Environment) -> Answer:
    """List the instances of an environment."""
    number, filters = call.query.page, call.query.filters

    def read(connection: Connection) -> Page[Instance]:
        return instances.page(connection, call.organization_id, environment.id, number, filters)

    return await list_answer(call, read, resource.show)


async def show(call: Call, instance: Instance) -> Answer:
    """Show one instance."""
    return await one_answer(call, instance, resource.show)


async def create(call: Call, environment: Environment) -> Answer:
    """Make an instance, with its background processes: all of it, or nothing."""
    fields = validate(CreateInstance, await call.fields())
    new = fields.made(environment.id)
    operation = await change.create(call.control, call.token, new, fields.processes_made(new.id))
    return written(resource.show(call.viewer, new), operation, status=201)


async def update(call: Call, instance: Instance) -> Answer:
    """Change an instance."""
    fields = validate(UpdateInstance, await call.fields())
    after, operation = await change.update(call.control, call.token, instance.id, fields.applied_to)
    return written(resource.show(call.viewer, after), operation)


async def delete(call: Call, instance: Instance) -> Answer:
    """Delete an instance; everything on it drains."""
    try:
        return emptied(await change.delete(call.control, call.token, instance.id))
    except change.UndeletableError:
        raise ConflictError(
            "The app instance belongs to its environment and cannot be deleted. Delete the environment, or stop it."
        ) from None


async def sizes(_call: Call) -> Answer:
    """List the sizes that an instance can have."""
    general = [size.show(each) for each in SIZES if each.offered]
    return plain(size.Sizes(size.SizeGroups(general, [])))


async def replicas(call: Call, instance: Instance) -> Answer:
    """List the replicas of an instance in which something runs, on one page."""
    return all_answer([replica.show(each) for each in call.control.replicas(instance.id)])


async def restart(call: Call, instance: Instance) -> Answer:
    """Restart every background process of an instance; the operations are answered on one page, however many."""
    operations = await change_processes.restart_instance(call.control, call.token, instance.id)
    return all_answer([with_progress(call, operation) for operation in operations], status=202)
