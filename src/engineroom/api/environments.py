"""Environments (contract sheet, section 4.1)."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.call import Answer, Call
from engineroom.api.documents import Resource
from engineroom.api.errors import NotFoundError
from engineroom.api.inclusion import Related, Relations, list_answer, none_of_many_yet, none_yet, one_answer
from engineroom.api.resources import application as shown_application
from engineroom.api.resources import environment as shown
from engineroom.api.resources import instance as shown_instance
from engineroom.model.environment import Environment
from engineroom.model.ids import ApplicationId, EnvironmentId
from engineroom.store import applications, environments, instances
from engineroom.store.paging import Page


def _application(connection: Connection, call: Call, items: Sequence[Environment]) -> Sequence[Related]:
    ids = {item.application_id for item in items}
    found = {one.id: one for one in applications.some(connection, call.organization_id, list(ids))}
    return [shown_application.show(call, found[item.application_id]) for item in items]


def _instances(connection: Connection, call: Call, items: Sequence[Environment]) -> Sequence[Related]:
    of: defaultdict[EnvironmentId, list[Resource]] = defaultdict(list)
    for found in instances.of_environments(connection, call.organization_id, [item.id for item in items]):
        of[found.environment_id].append(shown_instance.show(call, found))
    return [of[item.id] for item in items]


_RELATIONS: Relations[Environment] = {
    "application": _application,
    "branch": none_yet,
    "deployments": none_of_many_yet,
    "currentDeployment": none_yet,
    "primaryDomain": none_yet,
    "instances": _instances,
    "database": none_yet,
    "cache": none_yet,
    "buckets": none_of_many_yet,
    "websocketApplication": none_yet,
    "secrets": none_of_many_yet,
}


async def index(call: Call) -> Answer:
    """List the environments of an application."""
    application_id = ApplicationId(call.id("application"))

    def read(connection: Connection) -> Page[Environment]:
        if applications.find(connection, call.organization_id, application_id) is None:
            raise NotFoundError
        filters = call.filters(environments.FILTERS)
        return environments.page(connection, call.organization_id, application_id, call.page, filters)

    return await list_answer(call, read, shown.show, _RELATIONS)


async def show(call: Call) -> Answer:
    """Show one environment."""
    environment_id = EnvironmentId(call.id("environment"))

    def read(connection: Connection) -> Environment:
        found = environments.find(connection, call.organization_id, environment_id)
        if found is None:
            raise NotFoundError
        return found

    return await one_answer(call, read, shown.show, _RELATIONS)
