"""Queries of environments, with their variables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engineroom.model.applications.environment import Environment, EnvironmentStatus
from engineroom.model.applications.environment_settings import EnvironmentSettings
from engineroom.model.applications.variables import Variables
from engineroom.model.ids import ApplicationId, EnvironmentId, OrganizationId
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries import environment_variables
from engineroom.store.queries.paging import Page, PagedSelect, filtered
from engineroom.store.schema.tables import applications, environments, instances

FILTERS = ("name", "status", "slug")
"""Contract sheet, section 4.1."""

_INSERT = insert(environments)
_UPDATE = update(environments).where(environments.c.id == bindparam("row_id"))
_PURGE = delete(environments).where(
    environments.c.deleted_at.is_not(None),
    ~select(instances.c.id).where(instances.c.environment_id == environments.c.id).exists(),
)
_OWNED = (
    select(environments)
    .join(applications, applications.c.id == environments.c.application_id)
    .where(
        applications.c.organization_id == bindparam("organization_id"), environments.c.deleted_at.is_(None)
    )
)
_ONE = _OWNED.where(environments.c.id == bindparam("id"))
_ANY = select(environments).where(environments.c.id.in_(bindparam("ids", expanding=True)))
_SOME = _OWNED.where(environments.c.id.in_(bindparam("ids", expanding=True)))
_IN_FOLDER = _OWNED.where(environments.c.directory == bindparam("directory")).order_by(
    environments.c.created_at, environments.c.id
)
_OF_APPLICATIONS = _OWNED.where(
    environments.c.application_id.in_(bindparam("application_ids", expanding=True))
).order_by(environments.c.created_at, environments.c.id)
_LIST = PagedSelect(
    _OWNED.where(
        environments.c.application_id == bindparam("application_id"),
        *(filtered(environments.c[name]) for name in FILTERS),
    ).order_by(environments.c.created_at, environments.c.id)
)


def add(connection: Connection, environment: Environment) -> None:
    """Store a new environment and its variables."""
    connection.execute(_INSERT, {"id": environment.id, **_columns(environment)})
    environment_variables.put(connection, environment, environment.variables, deployed=True)


def replace(connection: Connection, environment: Environment) -> None:
    """Store what an environment has become, but for its variables: `environment_variables.py` stores those."""
    connection.execute(_UPDATE, {"row_id": environment.id, **_columns(environment)})


def set_status(connection: Connection, environment_id: EnvironmentId, status: EnvironmentStatus) -> None:
    """Store the status of an environment."""
    connection.execute(_UPDATE, {"row_id": environment_id, "status": status})


def mark_deleted(connection: Connection, environment_id: EnvironmentId, at: datetime) -> None:
    """Make an environment a tombstone; its slug is free again."""
    connection.execute(_UPDATE, {"row_id": environment_id, "deleted_at": at, "slug": environment_id})


def purge(connection: Connection) -> None:
    """Remove the tombstones of which no instance is left."""
    connection.execute(_PURGE)


def slugs(connection: Connection, application_id: ApplicationId) -> frozenset[str]:
    """Return the slugs that an application's environments have taken."""
    found = select(environments.c.slug).where(environments.c.application_id == application_id)
    return frozenset(connection.execute(found).scalars())


def find(
    connection: Connection, organization_id: OrganizationId, environment_id: EnvironmentId
) -> Environment | None:
    """Return one environment of an organization."""
    rows = connection.execute(_ONE, {"organization_id": organization_id, "id": environment_id}).all()
    found = _with_variables(connection, rows)
    return found[0] if found else None


def in_folder(connection: Connection, organization_id: OrganizationId, directory: str) -> list[Environment]:
    """Return an organization's environments that run the code in this folder, oldest first."""
    values = {"organization_id": organization_id, "directory": directory}
    return _with_variables(connection, connection.execute(_IN_FOLDER, values).all())


def some(
    connection: Connection, organization_id: OrganizationId, ids: Sequence[EnvironmentId]
) -> list[Environment]:
    """Return those of an organization's environments that have one of these ids."""
    rows = connection.execute(_SOME, {"organization_id": organization_id, "ids": ids}).all()
    return _with_variables(connection, rows)


def some_of_any(connection: Connection, ids: Sequence[EnvironmentId]) -> list[Environment]:
    """Return those environments that have one of these ids, of whatever organization, deleted ones too."""
    return _with_variables(connection, connection.execute(_ANY, {"ids": ids}).all())


def of_applications(
    connection: Connection, organization_id: OrganizationId, ids: Sequence[ApplicationId]
) -> list[Environment]:
    """Return all environments of these applications, oldest first."""
    rows = connection.execute(
        _OF_APPLICATIONS, {"organization_id": organization_id, "application_ids": ids}
    ).all()
    return _with_variables(connection, rows)


def page(
    connection: Connection,
    organization_id: OrganizationId,
    application_id: ApplicationId,
    number: int,
    filters: Mapping[str, str | None],
) -> Page[Environment]:
    """Return a page of an application's environments, oldest first; `filters` has a value or None for each filter."""
    parameters = {**filters, "organization_id": organization_id, "application_id": application_id}
    rows, total = _LIST.run(connection, number, parameters)
    return Page(number, _with_variables(connection, rows), total)


def _columns(environment: Environment) -> dict[str, Any]:
    return {
        "application_id": environment.application_id,
        "name": environment.name,
        "slug": environment.slug,
        "status": environment.status,
        "vanity_domain": environment.vanity_domain,
        "directory": environment.directory or "",
        "shutdown_timeout_seconds": environment.shutdown_timeout_seconds,
        "os_user": environment.os_user,
        "umask": environment.umask,
        "branch": environment.branch,
        "hibernation_timeout_minutes": environment.hibernation_timeout_minutes,
        "settings": msgspec.to_builtins(environment.settings),
        "created_at": environment.created_at,
    }


def _with_variables(connection: Connection, rows: Sequence[AnyRow]) -> list[Environment]:
    if not rows:
        return []
    of = environment_variables.newest(connection, [row.id for row in rows])
    return [_from_row(row, of.get(row.id, ())) for row in rows]


def _from_row(row: AnyRow, of_environment: Variables) -> Environment:
    return Environment(
        id=row.id,
        application_id=row.application_id,
        name=row.name,
        slug=row.slug,
        status=EnvironmentStatus(row.status),
        vanity_domain=row.vanity_domain,
        directory=row.directory or None,
        variables=of_environment,
        shutdown_timeout_seconds=row.shutdown_timeout_seconds,
        created_at=row.created_at,
        branch=row.branch,
        hibernation_timeout_minutes=row.hibernation_timeout_minutes,
        settings=msgspec.convert(row.settings, EnvironmentSettings),
        os_user=row.os_user,
        umask=row.umask,
    )
