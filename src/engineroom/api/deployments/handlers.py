"""Deployments (contract sheet, section 6)."""

from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.calls.answers import written
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Related, Relations
from engineroom.api.calls.inclusion import NONE_YET, list_answer, one_answer, related_to_one
from engineroom.api.deployments import resource as shown
from engineroom.api.document.jsonapi import JSON, encode
from engineroom.api.document.validation import validate
from engineroom.api.environments import resource as shown_environment
from engineroom.api.environments.handlers import require as require_environment
from engineroom.api.environments.requests import Start
from engineroom.api.http.errors import NotFoundError
from engineroom.control.changes import deployments as change
from engineroom.model.applications.deployment import Deployment
from engineroom.model.ids import DeploymentId
from engineroom.store.queries import deployments, environments
from engineroom.store.queries.paging import Page


@related_to_one(shown_environment.TYPE)
def _environment(connection: Connection, call: Call, items: Sequence[Deployment]) -> Sequence[Related]:
    ids = {item.environment_id for item in items}
    found = {one.id: one for one in environments.some(connection, call.organization_id, list(ids))}
    return [shown_environment.show(call, found[item.environment_id]) for item in items]


RELATIONS: Relations[Deployment] = {"environment": _environment, "initiator": NONE_YET}


async def index(call: Call) -> Answer:
    """List the deployments of an environment, newest first."""

    def read(connection: Connection) -> Page[Deployment]:
        environment = require_environment(connection, call)
        return deployments.page(connection, environment.id, call.page, call.filters)

    return await list_answer(call, read, shown.show)


async def show(call: Call) -> Answer:
    """Show one deployment."""
    return await one_answer(call, lambda connection: _require(connection, call), shown.show)


async def create(call: Call) -> Answer:
    """Put the code in an environment's folder to work: every process is replaced, a few at a time."""
    await call.authenticate()
    return await _deploy(call)


async def start(call: Call) -> Answer:
    """Start an environment; that is a deployment."""
    await call.authenticate()
    validate(Start, await call.fields())
    return await _deploy(call)


async def logs(call: Call) -> Answer:
    """Show the steps of a deployment."""
    found = await call.read(lambda connection: _require(connection, call))
    return Answer(encode(shown.logs(found)), media_type=JSON)


async def _deploy(call: Call) -> Answer:
    environment = await call.read(lambda connection: require_environment(connection, call))
    commit = await call.control.commit_in(environment)
    made, operation = await change.deploy(call.control, call.token, environment.id, commit)
    return written(shown.show(call, made), operation, status=201)


def _require(connection: Connection, call: Call) -> Deployment:
    found = deployments.find(connection, call.organization_id, DeploymentId(call.id("deployment")))
    if found is None:
        raise NotFoundError
    return found
