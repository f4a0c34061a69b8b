"""What an environment relates to."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.applications import resource as application
from engineroom.api.deployments import resource as deployment
from engineroom.api.document.jsonapi import Resource
from engineroom.api.document.relations import (
    NONE_OF_MANY_YET,
    NONE_YET,
    Related,
    Relations,
    related_to_many,
    related_to_one,
)
from engineroom.api.document.viewer import Viewer
from engineroom.api.environments import branch
from engineroom.api.instances import resource as instance
from engineroom.model.applications.environment import Environment
from engineroom.model.ids import EnvironmentId
from engineroom.store.queries import applications, deployments, instances


@related_to_one(application.TYPE)
def _application(connection: Connection, viewer: Viewer, items: Sequence[Environment]) -> Sequence[Related]:
    ids = {item.application_id for item in items}
    found = {one.id: one for one in applications.some(connection, viewer.organization_id, list(ids))}
    return [application.show(viewer, found[item.application_id]) for item in items]


@related_to_many(instance.TYPE)
def _instances(connection: Connection, viewer: Viewer, items: Sequence[Environment]) -> Sequence[Related]:
    of: defaultdict[EnvironmentId, list[Resource]] = defaultdict(list)
    for found in instances.of_environments(connection, viewer.organization_id, [item.id for item in items]):
        of[found.environment_id].append(instance.show(viewer, found))
    return [of[item.id] for item in items]


@related_to_one(branch.TYPE)
def _branch(_connection: Connection, _viewer: Viewer, items: Sequence[Environment]) -> Sequence[Related]:
    return [branch.show(item.application_id, item.branch) for item in items]


@related_to_many(deployment.TYPE)
def _deployments(connection: Connection, viewer: Viewer, items: Sequence[Environment]) -> Sequence[Related]:
    return [
        [deployment.show(viewer, found) for found in deployments.newest(connection, item.id)]
        for item in items
    ]


@related_to_one(deployment.TYPE)
def _current_deployment(
    connection: Connection, viewer: Viewer, items: Sequence[Environment]
) -> Sequence[Related]:
    found = [deployments.current(connection, item.id) for item in items]
    return [deployment.show(viewer, current) if current else None for current in found]


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
