"""Which application something belongs to: what a token that is limited to some applications may see."""

from sqlalchemy import Connection, Executable, bindparam, select, union_all

from engineroom.model.ids import ApplicationId
from engineroom.store.schema.tables import (
    applications,
    background_processes,
    commands,
    deployments,
    environments,
    instances,
    operations,
)

_OF_INSTANCE = select(environments.c.application_id).join(
    instances, instances.c.environment_id == environments.c.id
)
_OF_BACKGROUND_PROCESS = _OF_INSTANCE.join(
    background_processes, background_processes.c.instance_id == instances.c.id
)
_OF_DEPLOYMENT = select(environments.c.application_id).join(
    deployments, deployments.c.environment_id == environments.c.id
)
_OF_COMMAND = select(environments.c.application_id).join(
    commands, commands.c.environment_id == environments.c.id
)
_OF_SUBJECTS = (
    (_OF_BACKGROUND_PROCESS, background_processes.c.id),
    (_OF_INSTANCE, instances.c.id),
    (select(environments.c.application_id).select_from(environments), environments.c.id),
    (select(applications.c.id.label("application_id")).select_from(applications), applications.c.id),
    (_OF_DEPLOYMENT, deployments.c.id),
    (_OF_COMMAND, commands.c.id),
)
_QUERIES: dict[str, Executable] = {
    "application": select(applications.c.id).where(applications.c.id == bindparam("id")),
    "environment": select(environments.c.application_id).where(environments.c.id == bindparam("id")),
    "instance": _OF_INSTANCE.where(instances.c.id == bindparam("id")),
    "backgroundProcess": _OF_BACKGROUND_PROCESS.where(background_processes.c.id == bindparam("id")),
    "deployment": _OF_DEPLOYMENT.where(deployments.c.id == bindparam("id")),
    "command": _OF_COMMAND.where(commands.c.id == bindparam("id")),
    "operation": union_all(
        *(
            statement.join(operations, operations.c.subject_id == subject).where(
                operations.c.id == bindparam("id")
            )
            for statement, subject in _OF_SUBJECTS
        )
    ),
}
KINDS = frozenset(_QUERIES)
"""What can be looked up, by its name in addresses."""


def application_of(connection: Connection, kind: str, identifier: str) -> ApplicationId | None:
    """Return the application that something belongs to, None when there is nothing of this kind and id."""
    found: ApplicationId | None = connection.execute(_QUERIES[kind], {"id": identifier}).scalar_one_or_none()
    return found
