"""What an instance relates to."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.background_processes import resource as background_process
from engineroom.api.document.jsonapi import Resource
from engineroom.api.document.relations import Related, Relations, related_to_many, related_to_one
from engineroom.api.document.viewer import Viewer
from engineroom.api.environments import resource as environment
from engineroom.model.ids import InstanceId
from engineroom.model.instances.instance import Instance
from engineroom.store.queries import background_processes, environments


@related_to_one(environment.TYPE)
def _environment(connection: Connection, viewer: Viewer, items: Sequence[Instance]) -> Sequence[Related]:
    ids = {item.environment_id for item in items}
    found = {one.id: one for one in environments.some(connection, viewer.organization_id, list(ids))}
    return [environment.show(viewer, found[item.environment_id]) for item in items]


@related_to_many(background_process.TYPE)
def _background_processes(
    connection: Connection, viewer: Viewer, items: Sequence[Instance]
) -> Sequence[Related]:
    of: defaultdict[InstanceId, list[Resource]] = defaultdict(list)
    ids = [item.id for item in items]
    for found in background_processes.of_instances(connection, viewer.organization_id, ids):
        of[found.instance_id].append(background_process.show(viewer, found))
    return [of[item.id] for item in items]


RELATIONS: Relations[Instance] = {
    "environment": _environment,
    "backgroundProcesses": _background_processes,
}
