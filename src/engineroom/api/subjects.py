"""The kinds of things that addresses name, each with the query that finds one."""

from sqlalchemy import Connection

from engineroom.api.calls.subject import AddressSubject
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


APPLICATION = AddressSubject("application", applications.find)
ENVIRONMENT = AddressSubject("environment", environments.find)
INSTANCE = AddressSubject("instance", instances.find)
BACKGROUND_PROCESS = AddressSubject("backgroundProcess", background_processes.find)
UNTIL_DRAINED = AddressSubject("backgroundProcess", _until_drained)
"""A background process even when it is deleted, as long as something is left of it."""
DEPLOYMENT = AddressSubject("deployment", deployments.find)
COMMAND = AddressSubject("command", commands.find)
OPERATION = AddressSubject("operation", operations.find)
TOKEN = AddressSubject("token", tokens.find)
