"""The kinds of things that addresses name, each with the query that finds one."""

from sqlalchemy import Connection

from engineroom.api.calls.subject import Subject
from engineroom.model.ids import BackgroundProcessId, OrganizationId
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.store.queries import (
    applications,
    background_processes,
    commands,
    deployments,
    environments,
    instances,
    operations,
)
from engineroom.store.queries.access import tokens


def _until_drained(
    connection: Connection, organization: OrganizationId, identifier: BackgroundProcessId
) -> BackgroundProcess | None:
    deleted = background_processes.find_deleted(connection, organization, identifier)
    return deleted or background_processes.find(connection, organization, identifier)


APPLICATION = Subject("application", applications.find)
ENVIRONMENT = Subject("environment", environments.find)
INSTANCE = Subject("instance", instances.find)
BACKGROUND_PROCESS = Subject("backgroundProcess", background_processes.find)
UNTIL_DRAINED = Subject("backgroundProcess", _until_drained)
"""A background process even when it is deleted, as long as something is left of it."""
DEPLOYMENT = Subject("deployment", deployments.find)
COMMAND = Subject("command", commands.find)
OPERATION = Subject("operation", operations.find)
TOKEN = Subject("token", tokens.find)
