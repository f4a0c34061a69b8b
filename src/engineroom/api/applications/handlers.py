"""Answer for applications (contract sheet, section 5)."""

from sqlalchemy import Connection

from engineroom.api.applications import resource
from engineroom.api.applications.requests import CreateApplication, UpdateApplication
from engineroom.api.calls.answers import emptied, list_answer, one_answer, written
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.folders import choosing
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import InvalidError
from engineroom.control.changes import applications as change
from engineroom.model.applications.application import Application
from engineroom.store.queries import applications
from engineroom.store.queries.paging import Page


async def index(call: Call) -> Answer:
    """List the organization's applications."""

    def read(connection: Connection) -> Page[Application]:
        only = call.token.applications
        return applications.page(connection, call.organization_id, call.query.page, call.query.filters, only)

    return await list_answer(call, read, resource.show)


async def show(call: Call, application: Application) -> Answer:
    """Show one application."""
    return await one_answer(call, application, resource.show)


async def create(call: Call) -> Answer:
    """Make an application, with its default environment and the app instance of that."""
    fields = validate(CreateApplication, await call.fields())
    allowed = None if fields.directory is None else await choosing.require(call, fields.directory)
    new = fields.made(call.organization_id)
    where = change.CodeLocation(directory=fields.directory, os_user=None if allowed is None else allowed.user)
    made, operation = await change.create(call.control, call.token, new, where)
    return written(resource.show(call.viewer, made), operation, status=201)


async def update(call: Call, application: Application) -> Answer:
    """Change an application."""
    fields = validate(UpdateApplication, await call.fields())
    try:
        after, operation = await change.update(call.control, call.token, application.id, fields.applied_to)
    except change.UnknownEnvironmentError:
        text = "The selected default environment id is invalid."
        raise InvalidError({"default_environment_id": [text]}) from None
    return written(resource.show(call.viewer, after), operation)


async def delete(call: Call, application: Application) -> Answer:
    """Delete an application with its environments; everything in them drains."""
    return emptied(await change.delete(call.control, call.token, application.id))
