"""Environments (contract sheet, section 4.1)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from engineroom.api.applications import resource as shown_application
from engineroom.api.calls.answers import emptied, written
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Related, Relations
from engineroom.api.calls.inclusion import (
    NONE_OF_MANY_YET,
    NONE_YET,
    list_answer,
    one_answer,
    related_to_many,
    related_to_one,
)
from engineroom.api.deployments import resource as shown_deployment
from engineroom.api.document.jsonapi import Resource
from engineroom.api.document.validation import validate
from engineroom.api.environments import branch as shown_branch
from engineroom.api.environments import directories
from engineroom.api.environments import resource as shown
from engineroom.api.environments.requests import (
    ChangeVariables,
    CreateEnvironment,
    DeleteVariables,
    ReplaceVariables,
    UpdateEnvironment,
    VanityDomain,
)
from engineroom.api.http.errors import InvalidError, NotFoundError
from engineroom.api.instances import resource as shown_instance
from engineroom.control.changes import environments as change
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.variables import (
    UnknownKeysError,
    VariablesMethod,
    appended,
    updated,
    without,
)
from engineroom.model.ids import ApplicationId, EnvironmentId
from engineroom.store.queries import applications, deployments, environments, instances
from engineroom.store.queries.paging import Page

_DOMAIN = ".laravel.cloud"
_VERBATIM = frozenset({"variables", "content"})
"""Blanks around a variable's value are part of it, and an empty one is a value."""


@related_to_one(shown_application.TYPE)
def _application(connection: Connection, call: Call, items: Sequence[Environment]) -> Sequence[Related]:
    ids = {item.application_id for item in items}
    found = {one.id: one for one in applications.some(connection, call.organization_id, list(ids))}
    return [shown_application.show(call, found[item.application_id]) for item in items]


@related_to_many(shown_instance.TYPE)
def _instances(connection: Connection, call: Call, items: Sequence[Environment]) -> Sequence[Related]:
    of: defaultdict[EnvironmentId, list[Resource]] = defaultdict(list)
    for found in instances.of_environments(connection, call.organization_id, [item.id for item in items]):
        of[found.environment_id].append(shown_instance.show(call, found))
    return [of[item.id] for item in items]


@related_to_one(shown_branch.TYPE)
def _branch(_connection: Connection, _call: Call, items: Sequence[Environment]) -> Sequence[Related]:
    return [shown_branch.show(item.application_id, item.branch) for item in items]


@related_to_many(shown_deployment.TYPE)
def _deployments(connection: Connection, call: Call, items: Sequence[Environment]) -> Sequence[Related]:
    return [
        [shown_deployment.show(call, found) for found in deployments.newest(connection, item.id)]
        for item in items
    ]


@related_to_one(shown_deployment.TYPE)
def _current_deployment(
    connection: Connection, call: Call, items: Sequence[Environment]
) -> Sequence[Related]:
    found = [deployments.current(connection, item.id) for item in items]
    return [shown_deployment.show(call, current) if current else None for current in found]


RELATIONS: Relations[Environment] = {
    "application": _application,
    "branch": _branch,
    "deployments": _deployments,
    "currentDeployment": _current_deployment,
    "primaryDomain": NONE_YET,
    "instances": _instances,
    "database": NONE_YET,
    "cache": NONE_YET,
    "buckets": NONE_OF_MANY_YET,
    "websocketApplication": NONE_YET,
    "secrets": NONE_OF_MANY_YET,
}


async def index(call: Call) -> Answer:
    """List the environments of an application."""
    application_id = ApplicationId(call.id("application"))

    def read(connection: Connection) -> Page[Environment]:
        if applications.find(connection, call.organization_id, application_id) is None:
            raise NotFoundError
        return environments.page(connection, call.organization_id, application_id, call.page, call.filters)

    return await list_answer(call, read, shown.show)


async def show(call: Call) -> Answer:
    """Show one environment."""
    return await one_answer(call, lambda connection: require(connection, call), shown.show)


async def create(call: Call) -> Answer:
    """Make an environment of an application, with its app instance."""
    application_id = ApplicationId(call.id("application"))

    def read(connection: Connection) -> None:
        if applications.find(connection, call.organization_id, application_id) is None:
            raise NotFoundError

    await call.read(read)
    fields = validate(CreateEnvironment, await call.fields())
    allowed = None if fields.directory is None else await directories.require(call, fields.directory)
    wishes = fields.wishes(None if allowed is None else allowed.user)
    made, operation = await change.create(call.control, call.token, application_id, wishes)
    return written(shown.show(call, made), operation, status=201)


async def update(call: Call) -> Answer:
    """Change an environment."""
    before = await call.read(lambda connection: require(connection, call))
    fields = validate(UpdateEnvironment, await call.fields())
    allowed = None
    if "directory" in fields.model_fields_set:
        allowed = await directories.require(call, fields.directory)

    def applied(to: Environment) -> Environment:
        return directories.moved(to, fields.applied_to(to), allowed)

    after, operation = await change.update(call.control, call.token, before.id, applied)
    return written(shown.show(call, after), operation)


async def delete(call: Call) -> Answer:
    """Delete an environment; everything in it drains."""
    found = await call.read(lambda connection: require(connection, call))
    return emptied(await change.delete(call.control, call.token, found.id))


async def stop(call: Call) -> Answer:
    """Stop an environment: everything in it drains, and nothing runs until it is started."""
    found = await call.read(lambda connection: require(connection, call))
    after, operation = await change.stop(call.control, call.token, found.id)
    return written(shown.show(call, after), operation)


async def purge_edge_cache(call: Call) -> Answer:
    """Purge the edge cache: there is none on one's own machines, so it is empty already."""
    found = await call.read(lambda connection: require(connection, call))
    after, operation = await change.update(call.control, call.token, found.id, lambda before: before)
    return written(shown.show(call, after), operation)


async def change_vanity_domain(call: Call) -> Answer:
    """Give the vanity domain another name; it is kept and shown, as nothing answers there."""
    found = await call.read(lambda connection: require(connection, call))
    name = validate(VanityDomain, await call.fields()).name
    after, operation = await change.update(
        call.control, call.token, found.id, lambda before: replace(before, vanity_domain=f"{name}{_DOMAIN}")
    )
    return written(shown.show(call, after), operation)


async def change_variables(call: Call) -> Answer:
    """Append variables, or set them."""
    found = await call.read(lambda connection: require(connection, call))
    fields = validate(ChangeVariables, await call.fields(_VERBATIM))
    how = appended if fields.method is VariablesMethod.APPEND else updated
    return await _variables(call, found, lambda before: how(before, fields.new()), fields.apply)


async def delete_variables(call: Call) -> Answer:
    """Delete variables: all that are named, or none."""
    found = await call.read(lambda connection: require(connection, call))
    fields = validate(DeleteVariables, await call.fields())
    try:
        return await _variables(call, found, lambda before: without(before, fields.keys), fields.apply)
    except UnknownKeysError as error:
        raise InvalidError({"keys": [str(error)]}) from None


async def replace_variables(call: Call) -> Answer:
    """Replace all variables."""
    found = await call.read(lambda connection: require(connection, call))
    fields = validate(ReplaceVariables, await call.fields(_VERBATIM))
    new = fields.new()
    return await _variables(call, found, lambda _before: new, fields.apply)


async def _variables(
    call: Call, environment: Environment, how: change.ChangeVariables, apply: bool | None
) -> Answer:
    after, operation = await change.change_variables(
        call.control, call.token, environment.id, how, at_once=apply
    )
    return written(shown.show(call, after), operation)


def require(connection: Connection, call: Call) -> Environment:
    """Return the environment that the address names. Raises NotFoundError."""
    found = environments.find(connection, call.organization_id, EnvironmentId(call.id("environment")))
    if found is None:
        raise NotFoundError
    return found
