"""Queries of environments, with their variables."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, insert, select

from engineroom.model.environment import Environment, EnvironmentStatus, EnvironmentVariable
from engineroom.model.ids import ApplicationId, EnvironmentId, OrganizationId
from engineroom.store.paging import Page, PagedSelect, filtered
from engineroom.store.rows import AnyRow
from engineroom.store.tables import applications, environment_variables, environments

FILTERS = ("name", "status", "slug")
"""Contract sheet, section 4.1."""

Variables = Mapping[EnvironmentId, tuple[EnvironmentVariable, ...]]

_INSERT = insert(environments)
_INSERT_VARIABLE = insert(environment_variables)
_OWNED = (
    select(environments)
    .join(applications, applications.c.id == environments.c.application_id)
    .where(applications.c.organization_id == bindparam("organization_id"))
)
_ONE = _OWNED.where(environments.c.id == bindparam("id"))
_SOME = _OWNED.where(environments.c.id.in_(bindparam("ids", expanding=True)))
_OF_APPLICATIONS = _OWNED.where(
    environments.c.application_id.in_(bindparam("application_ids", expanding=True))
).order_by(environments.c.created_at, environments.c.id)
_LIST = PagedSelect(
    _OWNED.where(
        environments.c.application_id == bindparam("application_id"),
        *(filtered(environments.c[name]) for name in FILTERS),
    ).order_by(environments.c.created_at, environments.c.id)
)
_VARIABLES = (
    select(environment_variables)
    .where(environment_variables.c.environment_id.in_(bindparam("ids", expanding=True)))
    .order_by(environment_variables.c.environment_id, environment_variables.c.position)
)


def add(connection: Connection, environment: Environment) -> None:
    """Store a new environment and its variables."""
    connection.execute(
        _INSERT,
        {
            "id": environment.id,
            "application_id": environment.application_id,
            "name": environment.name,
            "slug": environment.slug,
            "status": environment.status,
            "vanity_domain": environment.vanity_domain,
            "directory": environment.directory,
            "shutdown_timeout_seconds": environment.shutdown_timeout_seconds,
            "created_at": environment.created_at,
            "os_user": environment.os_user,
            "umask": environment.umask,
        },
    )
    rows = [
        {"environment_id": environment.id, "position": position, "key": variable.key, "value": variable.value}
        for position, variable in enumerate(environment.variables)
    ]
    if rows:
        connection.execute(_INSERT_VARIABLE, rows)


def find(
    connection: Connection, organization_id: OrganizationId, environment_id: EnvironmentId
) -> Environment | None:
    """Return one environment of an organization."""
    rows = connection.execute(_ONE, {"organization_id": organization_id, "id": environment_id}).all()
    found = _with_variables(connection, rows)
    return found[0] if found else None


def some(
    connection: Connection, organization_id: OrganizationId, ids: Sequence[EnvironmentId]
) -> list[Environment]:
    """Return those of an organization's environments that have one of these ids."""
    rows = connection.execute(_SOME, {"organization_id": organization_id, "ids": ids}).all()
    return _with_variables(connection, rows)


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


def variables(connection: Connection, ids: Sequence[EnvironmentId]) -> Variables:
    """Return the variables of these environments, in their order; an environment without any is left out."""
    found: defaultdict[EnvironmentId, list[EnvironmentVariable]] = defaultdict(list)
    for row in connection.execute(_VARIABLES, {"ids": ids}):
        found[row.environment_id].append(EnvironmentVariable(key=row.key, value=row.value))
    return {environment_id: tuple(values) for environment_id, values in found.items()}


def _with_variables(connection: Connection, rows: Sequence[AnyRow]) -> list[Environment]:
    if not rows:
        return []
    of = variables(connection, [row.id for row in rows])
    return [_from_row(row, of.get(row.id, ())) for row in rows]


def _from_row(row: AnyRow, of_environment: tuple[EnvironmentVariable, ...]) -> Environment:
    return Environment(
        id=row.id,
        application_id=row.application_id,
        name=row.name,
        slug=row.slug,
        status=EnvironmentStatus(row.status),
        vanity_domain=row.vanity_domain,
        directory=row.directory,
        variables=of_environment,
        shutdown_timeout_seconds=row.shutdown_timeout_seconds,
        created_at=row.created_at,
        os_user=row.os_user,
        umask=row.umask,
    )
