"""Queries of commands."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from engineroom.model.applications.command import UNDER_WAY, Command, CommandStatus
from engineroom.model.ids import CommandId, EnvironmentId, OrganizationId
from engineroom.store.databases.rows import AnyRow, readable
from engineroom.store.queries.paging import Page, PagedSelect, filtered
from engineroom.store.schema.tables import applications, commands, environments

FILTERS = ("status", "command")
"""Contract sheet, section 7."""

_INSERT = insert(commands)
_UPDATE = update(commands).where(commands.c.id == bindparam("row_id"))
_ONE = (
    select(commands)
    .join(environments, environments.c.id == commands.c.environment_id)
    .join(applications, applications.c.id == environments.c.application_id)
    .where(
        applications.c.organization_id == bindparam("organization_id"),
        environments.c.deleted_at.is_(None),
        commands.c.id == bindparam("id"),
    )
)
_LIST = PagedSelect(
    select(commands)
    .where(
        commands.c.environment_id == bindparam("environment_id"),
        *(filtered(commands.c[name]) for name in FILTERS),
    )
    .order_by(commands.c.created_at.desc(), commands.c.id.desc())
)
_UNDER_WAY = (
    select(commands)
    .join(environments, environments.c.id == commands.c.environment_id)
    .where(commands.c.status.in_(UNDER_WAY), environments.c.deleted_at.is_(None))
    .order_by(commands.c.created_at, commands.c.id)
)
_UNDER_WAY_ON = _UNDER_WAY.where(environments.c.host == bindparam("of_host"))
_THOSE_UNDER_WAY = select(commands).where(
    commands.c.id.in_(bindparam("ids", expanding=True)), commands.c.status.in_(UNDER_WAY)
)
_OF_LIVING = (
    select(commands.c.id)
    .join(environments, environments.c.id == commands.c.environment_id)
    .where(commands.c.id.in_(bindparam("ids", expanding=True)), environments.c.deleted_at.is_(None))
)
_UNCLAIMED = (
    _UNDER_WAY.with_only_columns(environments.c.id)
    .where(environments.c.host.is_(None))
    .order_by(None)
    .distinct()
)


def add(connection: Connection, command: Command) -> None:
    """Store a new command."""
    connection.execute(_INSERT, {"id": command.id, **_columns(command)})


def replace(connection: Connection, command: Command) -> None:
    """Store what a command has become."""
    connection.execute(_UPDATE, {"row_id": command.id, **_columns(command)})


def find(connection: Connection, organization_id: OrganizationId, command_id: CommandId) -> Command | None:
    """Return one command of an organization."""
    row = connection.execute(_ONE, {"organization_id": organization_id, "id": command_id}).one_or_none()
    return None if row is None else _from_row(row)


def page(
    connection: Connection, environment_id: EnvironmentId, number: int, filters: Mapping[str, str | None]
) -> Page[Command]:
    """Return a page of an environment's commands, newest first."""
    rows, total = _LIST.run(connection, number, {**filters, "environment_id": environment_id})
    return Page(number, [_from_row(row) for row in rows], total)


def under_way(connection: Connection, host: str | None = None) -> list[Command]:
    """Return the commands that are not over, oldest first, but for those of deleted environments.

    With a host it is only those of the environments that it has claimed.
    """
    statement = _UNDER_WAY if host is None else _UNDER_WAY_ON
    return readable(lambda: connection.execute(statement, {"of_host": host} if host else {}), _from_row)


def those_under_way(connection: Connection, ids: Collection[CommandId]) -> list[Command]:
    """Return those with these ids that are not over."""
    return [_from_row(row) for row in connection.execute(_THOSE_UNDER_WAY, {"ids": list(ids)})]


def of_living_environments(connection: Connection, ids: Collection[CommandId]) -> frozenset[CommandId]:
    """Return those of these ids whose environments are not deleted."""
    return frozenset(connection.execute(_OF_LIVING, {"ids": list(ids)}).scalars())


def unclaimed(connection: Connection) -> list[EnvironmentId]:
    """Return the environments that have a command to be run, and that no host has claimed."""
    return list(connection.execute(_UNCLAIMED).scalars())


def _columns(command: Command) -> dict[str, Any]:
    return {
        "environment_id": command.environment_id,
        "operation_id": command.operation_id,
        "command": command.command,
        "output": command.output,
        "status": command.status,
        "exit_code": command.exit_code,
        "failure_reason": command.failure_reason,
        "created_at": command.created_at,
        "started_at": command.started_at,
        "finished_at": command.finished_at,
    }


def _from_row(row: AnyRow) -> Command:
    return Command(
        id=row.id,
        environment_id=row.environment_id,
        operation_id=row.operation_id,
        command=row.command,
        output=row.output,
        status=CommandStatus(row.status),
        exit_code=row.exit_code,
        failure_reason=row.failure_reason,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
