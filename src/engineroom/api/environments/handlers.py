"""Answer for environments (contract sheet, sections 4.1 to 4.4)."""

from dataclasses import replace

from sqlalchemy import Connection

from engineroom.api.calls.answers import emptied, list_answer, one_answer, written
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.environments import resource
from engineroom.api.environments.requests import CreateEnvironment, VanityDomain
from engineroom.api.environments.update import UpdateEnvironment
from engineroom.api.folders import choosing
from engineroom.api.http.answer import Answer
from engineroom.control.changes import environments as change
from engineroom.model.applications.application import Application
from engineroom.model.applications.environment import Environment
from engineroom.store.queries import environments
from engineroom.store.queries.paging import Page

_DOMAIN = ".laravel.cloud"


async def index(call: Call, application: Application) -> Answer:
    """List the environments of an application."""
    number, filters = call.query.page, call.query.filters

    def read(connection: Connection) -> Page[Environment]:
        return environments.page(connection, call.organization_id, application.id, number, filters)

    return await list_answer(call, read, resource.show)


async def show(call: Call, environment: Environment) -> Answer:
    """Show one environment."""
    return await one_answer(call, environment, resource.show)


async def create(call: Call, application: Application) -> Answer:
    """Make an environment of an application, with its app instance."""
    fields = validate(CreateEnvironment, await call.fields())
    allowed = None if fields.directory is None else await choosing.require(call, fields.directory)
    new = fields.new(None if allowed is None else allowed.user)
    made, operation = await change.create(call.control, call.token, application.id, new)
    return written(resource.show(call.viewer, made), operation, status=201)


async def update(call: Call, environment: Environment) -> Answer:
    """Change an environment."""
    fields = validate(UpdateEnvironment, await call.fields())
    allowed = None
    if "directory" in fields.model_fields_set:
        allowed = await choosing.require(call, fields.directory)

    def applied(before: Environment) -> Environment:
        return choosing.moved(before, fields.applied_to(before), allowed)

    after, operation = await change.update(call.control, call.token, environment.id, applied)
    return written(resource.show(call.viewer, after), operation)


async def delete(call: Call, environment: Environment) -> Answer:
    """Delete an environment; everything in it drains."""
    return emptied(await change.delete(call.control, call.token, environment.id))


async def stop(call: Call, environment: Environment) -> Answer:
    """Stop an environment: everything in it drains, and nothing runs until it is started."""
    after, operation = await change.stop(call.control, call.token, environment.id)
    return written(resource.show(call.viewer, after), operation)


async def purge_edge_cache(call: Call, environment: Environment) -> Answer:
    """Purge the edge cache: there is none on one's own machines, so it is empty already."""
    after, operation = await change.update(call.control, call.token, environment.id, lambda before: before)
    return written(resource.show(call.viewer, after), operation)


async def change_vanity_domain(call: Call, environment: Environment) -> Answer:
    """Give the vanity domain another name; it is kept and shown, as nothing answers there."""
    domain = f"{validate(VanityDomain, await call.fields()).name}{_DOMAIN}"
    after, operation = await change.update(
        call.control, call.token, environment.id, lambda before: replace(before, vanity_domain=domain)
    )
    return written(resource.show(call.viewer, after), operation)
