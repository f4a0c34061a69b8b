"""What a deployment relates to."""

from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.document.relations import NONE_YET, Related, Relations, related_to_one
from engineroom.api.document.viewer import Viewer
from engineroom.api.environments import resource as environment
from engineroom.model.applications.deployment import Deployment
from engineroom.store.queries import environments


@related_to_one(environment.TYPE)
def _environment(connection: Connection, viewer: Viewer, items: Sequence[Deployment]) -> Sequence[Related]:
    ids = {item.environment_id for item in items}
    found = {one.id: one for one in environments.some(connection, viewer.organization_id, list(ids))}
    return [environment.show(viewer, found[item.environment_id]) for item in items]


RELATIONS: Relations[Deployment] = {"environment": _environment, "initiator": NONE_YET}
