"""What a background process relates to."""

from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.document.relations import Related, Relations, related_to_one
from engineroom.api.document.viewer import Viewer
from engineroom.api.instances import resource as instance
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.store.queries import instances


@related_to_one(instance.TYPE)
def _instance(
    connection: Connection, viewer: Viewer, items: Sequence[BackgroundProcess]
) -> Sequence[Related]:
    ids = {item.instance_id for item in items}
    found = {one.id: one for one in instances.some(connection, viewer.organization_id, list(ids))}
    return [instance.show(viewer, found[item.instance_id]) for item in items]


RELATIONS: Relations[BackgroundProcess] = {"instance": _instance}
