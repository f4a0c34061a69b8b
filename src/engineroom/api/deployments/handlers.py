"""Answer for deployments (contract sheet, section 6)."""

from sqlalchemy import Connection

from engineroom.api.calls.answers import list_answer, one_answer, plain, written
from engineroom.api.calls.call import Call
from engineroom.api.deployments import resource, steps
from engineroom.api.deployments.requests import StartEnvironment
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.control.changes import deployments as change
from engineroom.model.applications.deployment import Deployment
from engineroom.model.applications.environment import Environment
from engineroom.store.queries import deployments
from engineroom.store.queries.paging import Page


async def index(call: Call, environment: Environment) -> Answer:
    """List the deployments of an environment, newest first."""

    def read(connection: Connection) -> Page[Deployment]:
        return deployments.page(connection, environment.id, call.query.page, call.query.filters)

    return await list_answer(call, read, resource.show)


async def show(call: Call, deployment: Deployment) -> Answer:
    """Show one deployment."""
    return await one_answer(call, deployment, resource.show)


async def create(call: Call, environment: Environment) -> Answer:
    """Put the code in an environment's folder to work: every process is replaced, a few at a time."""
    return await _deploy(call, environment)


async def start(call: Call, environment: Environment) -> Answer:
    """Start an environment; that is a deployment."""
    validate(StartEnvironment, await call.fields())
    return await _deploy(call, environment)


async def logs(_call: Call, deployment: Deployment) -> Answer:
    """Show the steps of a deployment."""
    return plain(steps.logs(deployment))


async def _deploy(call: Call, environment: Environment) -> Answer:
    commit = await call.control.commit_in(environment)
    made, operation = await change.deploy(call.control, call.token, environment.id, commit)
    return written(resource.show(call.viewer, made), operation, status=201)
