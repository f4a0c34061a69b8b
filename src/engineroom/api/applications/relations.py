"""What an application relates to."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.document.jsonapi import Resource
from engineroom.api.document.relations import Related, Relations, related_to_many, related_to_one
from engineroom.api.document.viewer import Viewer
from engineroom.api.environments import resource as environment
from engineroom.api.meta import resource as organization
from engineroom.model.applications.application import Application
from engineroom.model.ids import ApplicationId
from engineroom.store.queries import environments
from engineroom.store.queries.access import organizations


@related_to_one(organization.TYPE)
def _organization(connection: Connection, viewer: Viewer, items: Sequence[Application]) -> Sequence[Related]:
    found = organization.show(viewer, organizations.get(connection, viewer.organization_id))
    return [found] * len(items)


@related_to_many(environment.TYPE)
def _environments(connection: Connection, viewer: Viewer, items: Sequence[Application]) -> Sequence[Related]:
    of: defaultdict[ApplicationId, list[Resource]] = defaultdict(list)
    ids = [item.id for item in items]
    for found in environments.of_applications(connection, viewer.organization_id, ids):
        of[found.application_id].append(environment.show(viewer, found))
    return [of[item.id] for item in items]


@related_to_one(environment.TYPE)
def _default_environment(
    connection: Connection, viewer: Viewer, items: Sequence[Application]
) -> Sequence[Related]:
    ids = [item.default_environment_id for item in items if item.default_environment_id]
    found = {one.id: one for one in environments.some(connection, viewer.organization_id, ids)}
    defaults = [
        found.get(item.default_environment_id) if item.default_environment_id else None for item in items
    ]
    return [environment.show(viewer, default) if default else None for default in defaults]


RELATIONS: Relations[Application] = {
    "organization": _organization,
    "environments": _environments,
    "defaultEnvironment": _default_environment,
}
