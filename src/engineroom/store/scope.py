"""Which application something belongs to: what a token that is limited to some applications may see."""

from sqlalchemy import Connection, bindparam, select

from engineroom.model.ids import ApplicationId
from engineroom.store.tables import applications, background_processes, environments, instances, operations

_OF_INSTANCE = select(environments.c.application_id).join(
    instances, instances.c.environment_id == environments.c.id
)
_OF_BACKGROUND_PROCESS = _OF_INSTANCE.join(
    background_processes, background_processes.c.instance_id == instances.c.id
)
_QUERIES = {
    "application": select(applications.c.id).where(applications.c.id == bindparam("id")),
    "environment": select(environments.c.application_id).where(environments.c.id == bindparam("id")),
    "instance": _OF_INSTANCE.where(instances.c.id == bindparam("id")),
    "backgroundProcess": _OF_BACKGROUND_PROCESS.where(background_processes.c.id == bindparam("id")),
    "operation": _OF_BACKGROUND_PROCESS.join(
        operations, operations.c.background_process_id == background_processes.c.id
    ).where(operations.c.id == bindparam("id")),
}
KINDS = frozenset(_QUERIES)
"""What can be looked up, by its name in addresses."""


def application_of(connection: Connection, kind: str, identifier: str) -> ApplicationId | None:
    """Return the application that something belongs to, None when there is nothing of this kind and id."""
    return connection.execute(_QUERIES[kind], {"id": identifier}).scalar_one_or_none()
