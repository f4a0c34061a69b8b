"""Environments (contract sheet, section 4.1)."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.call import Answer, Call
from engineroom.api.documents import Resource
from engineroom.api.endpoint import Related, Relations
from engineroom.api.errors import NotFoundError
from engineroom.api.inclusion import (
    NONE_OF_MANY_YET,
    NONE_YET,
    list_answer,
    one_answer,
    related_to_many,
    related_to_one,
)
from engineroom.api.resources import application as shown_application
from engineroom.api.resources import environment as shown
from engineroom.api.resources import instance as shown_instance
from engineroom.model.environment import Environment
from engineroom.model.ids import ApplicationId, EnvironmentId
from engineroom.store import applications, environments, instances
from engineroom.store.paging import Page


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


RELATIONS: Relations[Environment] = {
    "application": _application,
    "branch": NONE_YET,
    "deployments": NONE_OF_MANY_YET,
    "currentDeployment": NONE_YET,
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
    environment_id = EnvironmentId(call.id("environment"))

    def read(connection: Connection) -> Environment:
        found = environments.find(connection, call.organization_id, environment_id)
        if found is None:
            raise NotFoundError
        return found

    return await one_answer(call, read, shown.show)
