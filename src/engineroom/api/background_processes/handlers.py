"""Answer for background processes (contract sheet, section 2.1), and what is ours beside them."""

from msgspec.structs import replace
from sqlalchemy import Connection

from engineroom.api.background_processes import process, resource
from engineroom.api.background_processes.requests import CreateBackgroundProcess, UpdateBackgroundProcess
from engineroom.api.calls.answers import emptied, list_answer, one_answer, page_answer, written
from engineroom.api.calls.call import Call
from engineroom.api.document.jsonapi import Resource
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.operations.progress import with_progress
from engineroom.control.changes import background_processes as change
from engineroom.model.instances.instance import Instance
from engineroom.model.instances.limits import UNLIMITED, limits_of
from engineroom.model.operation import Operation
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.store.queries import background_processes, instances, operations
from engineroom.store.queries.paging import Page, slice_page


async def index(call: Call, instance: Instance) -> Answer:
    """List the background processes of an instance."""

    def read(connection: Connection) -> Page[BackgroundProcess]:
        return background_processes.page(connection, instance.id, call.query.page)

    return await list_answer(call, read, resource.show)


async def create(call: Call, instance: Instance) -> Answer:
    """Make a background process of an instance."""
    fields = validate(CreateBackgroundProcess, await call.fields())
    created, operation = await change.create(call.control, call.token, fields.made(instance.id))
    attributes = resource.attributes(created)
    if fields.strategy_type is None:
        # Only this answer has null where all later ones have "none" (contract sheet, section 2.2).
        attributes = replace(attributes, strategy_type=None)
    return written(Resource(created.id, resource.TYPE.name, attributes), operation, status=201)


async def show(call: Call, background_process: BackgroundProcess) -> Answer:
    """Show one background process."""
    return await one_answer(call, background_process, resource.show)


async def update(call: Call, before: BackgroundProcess) -> Answer:
    """Change a background process."""
    fields = validate(UpdateBackgroundProcess, await call.fields(), context=before.type)
    after, operation = await change.update(call.control, call.token, before.id, fields.applied_to)
    return written(resource.show(call.viewer, after), operation)


async def restart(call: Call, background_process: BackgroundProcess) -> Answer:
    """Have every process of a background process replaced, a few at a time."""
    operation = await change.restart(call.control, call.token, background_process.id)
    return written(with_progress(call, operation), operation, status=202)


async def delete(call: Call, background_process: BackgroundProcess) -> Answer:
    """Delete a background process; its processes drain, or are killed by `force` or when it is deleted once more."""
    force = call.query.flag("force")
    return emptied(await change.delete(call.control, call.token, background_process.id, force=force))


async def processes(call: Call, background_process: BackgroundProcess) -> Answer:
    """List the live processes of a background process."""
    instance = await call.read(
        lambda connection: instances.find(connection, call.organization_id, background_process.instance_id)
    )
    limits = UNLIMITED if instance is None else limits_of(instance.size)
    page = slice_page(call.control.processes(background_process.id), call.query.page)
    return page_answer(call, page, [process.show(background_process, each, limits) for each in page.items])


async def its_operations(call: Call, background_process: BackgroundProcess) -> Answer:
    """List the operations of a background process, newest first."""

    def read(connection: Connection) -> Page[Operation]:
        return operations.page_of_subject(connection, background_process.id, call.query.page)

    page = await call.read(read)
    return page_answer(call, page, [with_progress(call, operation) for operation in page.items])
