"""Background processes (contract sheet, section 2.1), and what is ours beside them."""

from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from engineroom.api.background_processes import process as shown_process
from engineroom.api.background_processes import resource as shown
from engineroom.api.background_processes.requests import CreateBackgroundProcess, UpdateBackgroundProcess
from engineroom.api.calls.answers import emptied, written
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Related, Relations
from engineroom.api.calls.inclusion import list_answer, one_answer, page_answer, related_to_one
from engineroom.api.document.jsonapi import Resource
from engineroom.api.document.validation import validate
from engineroom.api.http.errors import NotFoundError
from engineroom.api.instances import resource as shown_instance
from engineroom.api.operations import resource as shown_operation
from engineroom.control.changes import background_processes as change
from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.instances.limits import UNLIMITED, Limits, limits_of
from engineroom.model.operation import Operation
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.store.queries import background_processes, instances, operations
from engineroom.store.queries.paging import Page, slice_page


@related_to_one(shown_instance.TYPE)
def _instance(connection: Connection, call: Call, items: Sequence[BackgroundProcess]) -> Sequence[Related]:
    ids = {item.instance_id for item in items}
    found = {one.id: one for one in instances.some(connection, call.organization_id, list(ids))}
    return [shown_instance.show(call, found[item.instance_id]) for item in items]


RELATIONS: Relations[BackgroundProcess] = {"instance": _instance}


async def index(call: Call) -> Answer:
    """List the background processes of an instance."""
    instance_id = InstanceId(call.id("instance"))

    def read(connection: Connection) -> Page[BackgroundProcess]:
        _require_instance(connection, call, instance_id)
        return background_processes.page(connection, instance_id, call.page)

    return await list_answer(call, read, shown.show)


async def create(call: Call) -> Answer:
    """Make a background process of an instance."""
    instance_id = InstanceId(call.id("instance"))
    await call.read(lambda connection: _require_instance(connection, call, instance_id))
    fields = validate(CreateBackgroundProcess, await call.fields())
    created, operation = await change.create(call.control, call.token, fields.made(instance_id))
    attributes = shown.attributes(created)
    if fields.strategy_type is None:
        # Only this answer has null where all later ones have "none" (contract sheet, section 2.2).
        attributes = replace(attributes, strategy_type=None)
    return written(Resource(created.id, shown.TYPE.name, attributes), operation, status=201)


async def show(call: Call) -> Answer:
    """Show one background process."""
    return await one_answer(call, lambda connection: require(connection, call), shown.show)


async def update(call: Call) -> Answer:
    """Change a background process."""
    before = await call.read(lambda connection: require(connection, call))
    fields = validate(UpdateBackgroundProcess, await call.fields(), context=before.type)
    after, operation = await change.update(call.control, call.token, before.id, fields.applied_to)
    return written(shown.show(call, after), operation, status=200)


async def restart(call: Call) -> Answer:
    """Have every process of a background process replaced, a few at a time."""
    found = await call.read(lambda connection: require(connection, call))
    operation = await change.restart(call.control, call.token, found.id)
    return written(shown_operation.show(call, operation), operation, status=202)


async def delete(call: Call) -> Answer:
    """Delete a background process; its processes drain, or are killed by `force` or when it is deleted once more."""
    found = await call.read(lambda connection: _require_or_deleted(connection, call))
    operation = await change.delete(call.control, call.token, found.id, force=call.flag("force"))
    return emptied(operation)


async def processes(call: Call) -> Answer:
    """List the live processes of a background process."""
    found, limits = await call.read(lambda connection: _with_limits(connection, call))
    page = slice_page(call.control.processes(found.id), call.page)
    return page_answer(call, page, [shown_process.show(found, process, limits) for process in page.items])


async def its_operations(call: Call) -> Answer:
    """List the operations of a background process, newest first."""

    def read(connection: Connection) -> Page[Operation]:
        return operations.page_of_subject(connection, require(connection, call).id, call.page)

    page = await call.read(read)
    return page_answer(call, page, [shown_operation.show(call, operation) for operation in page.items])


def _with_limits(connection: Connection, call: Call) -> tuple[BackgroundProcess, Limits]:
    found = require(connection, call)
    instance = instances.find(connection, call.organization_id, found.instance_id)
    return found, UNLIMITED if instance is None else limits_of(instance.size)


def _require_instance(connection: Connection, call: Call, instance_id: InstanceId) -> None:
    if instances.find(connection, call.organization_id, instance_id) is None:
        raise NotFoundError


def require(connection: Connection, call: Call) -> BackgroundProcess:
    """Return the background process that is called. Raises NotFoundError."""
    background_process_id = BackgroundProcessId(call.id("backgroundProcess"))
    found = background_processes.find(connection, call.organization_id, background_process_id)
    if found is None:
        raise NotFoundError
    return found


def _require_or_deleted(connection: Connection, call: Call) -> BackgroundProcess:
    """Return the background process even when it is deleted, as long as something is left of it."""
    background_process_id = BackgroundProcessId(call.id("backgroundProcess"))
    deleted = background_processes.find_deleted(connection, call.organization_id, background_process_id)
    return deleted or require(connection, call)
