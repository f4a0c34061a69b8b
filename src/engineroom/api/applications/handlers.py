"""Applications (contract sheet, section 5)."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.applications import resource as shown
from engineroom.api.applications.requests import CreateApplication, UpdateApplication
from engineroom.api.calls.answers import emptied, written
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Related, Relations
from engineroom.api.calls.inclusion import list_answer, one_answer, related_to_many, related_to_one
from engineroom.api.document.jsonapi import Resource
from engineroom.api.document.validation import validate
from engineroom.api.environments import directories
from engineroom.api.environments import resource as shown_environment
from engineroom.api.http.errors import InvalidError, NotFoundError
from engineroom.api.meta import resource as shown_organization
from engineroom.control.changes import applications as change
from engineroom.model.applications.application import Application
from engineroom.model.ids import ApplicationId
from engineroom.store.queries import applications, environments
from engineroom.store.queries.access import organizations
from engineroom.store.queries.paging import Page


@related_to_one(shown_organization.TYPE)
def _organization(connection: Connection, call: Call, items: Sequence[Application]) -> Sequence[Related]:
    found = shown_organization.show(call, organizations.get(connection, call.organization_id))
    return [found] * len(items)


@related_to_many(shown_environment.TYPE)
def _environments(connection: Connection, call: Call, items: Sequence[Application]) -> Sequence[Related]:
    of: defaultdict[ApplicationId, list[Resource]] = defaultdict(list)
    ids = [item.id for item in items]
    for found in environments.of_applications(connection, call.organization_id, ids):
        of[found.application_id].append(shown_environment.show(call, found))
    return [of[item.id] for item in items]


@related_to_one(shown_environment.TYPE)
def _default_environment(
    connection: Connection, call: Call, items: Sequence[Application]
) -> Sequence[Related]:
    ids = [item.default_environment_id for item in items if item.default_environment_id]
    found = {one.id: one for one in environments.some(connection, call.organization_id, ids)}
    defaults = [
        found.get(item.default_environment_id) if item.default_environment_id else None for item in items
    ]
    return [shown_environment.show(call, default) if default else None for default in defaults]


RELATIONS: Relations[Application] = {
    "organization": _organization,
    "environments": _environments,
    "defaultEnvironment": _default_environment,
}


async def index(call: Call) -> Answer:
    """List the organization's applications."""

    def read(connection: Connection) -> Page[Application]:
        only = call.token.applications
        return applications.page(connection, call.organization_id, call.page, call.filters, only)

    return await list_answer(call, read, shown.show)


async def show(call: Call) -> Answer:
    """Show one application."""
    return await one_answer(call, lambda connection: require(connection, call), shown.show)


async def create(call: Call) -> Answer:
    """Make an application, with its default environment and the app instance of that."""
    await call.authenticate()
    fields = validate(CreateApplication, await call.fields())
    allowed = None if fields.directory is None else await directories.require(call, fields.directory)
    new = fields.made(call.organization_id)
    where = change.CodeLocation(directory=fields.directory, os_user=None if allowed is None else allowed.user)
    made, operation = await change.create(call.control, call.token, new, where)
    return written(shown.show(call, made), operation, status=201)


async def update(call: Call) -> Answer:
    """Change an application."""
    before = await call.read(lambda connection: require(connection, call))
    fields = validate(UpdateApplication, await call.fields())
    try:
        after, operation = await change.update(call.control, call.token, before.id, fields.applied_to)
    except change.UnknownEnvironmentError:
        text = "The selected default environment id is invalid."
        raise InvalidError({"default_environment_id": [text]}) from None
    return written(shown.show(call, after), operation)


async def delete(call: Call) -> Answer:
    """Delete an application with its environments; everything in them drains."""
    found = await call.read(lambda connection: require(connection, call))
    return emptied(await change.delete(call.control, call.token, found.id))


def require(connection: Connection, call: Call) -> Application:
    """Return the application that the address names. Raises NotFoundError."""
    found = applications.find(connection, call.organization_id, ApplicationId(call.id("application")))
    if found is None:
        raise NotFoundError
    return found
