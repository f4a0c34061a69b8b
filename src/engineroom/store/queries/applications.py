"""Queries of applications."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engineroom.model.applications.application import Application
from engineroom.model.ids import ApplicationId, OrganizationId
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect, filtered
from engineroom.store.schema.tables import applications, environments

FILTERS = ("name", "region", "slug")
"""Contract sheet, section 5."""

_INSERT = insert(applications)
_UPDATE = update(applications).where(applications.c.id == bindparam("row_id"))
_PURGE = delete(applications).where(
    applications.c.deleted_at.is_not(None),
    ~select(environments.c.id).where(environments.c.application_id == applications.c.id).exists(),
)
_OWNED = select(applications).where(
    applications.c.organization_id == bindparam("organization_id"), applications.c.deleted_at.is_(None)
)
_ONE = _OWNED.where(applications.c.id == bindparam("id"))
_SOME = _OWNED.where(applications.c.id.in_(bindparam("ids", expanding=True)))
_SLUGS = select(applications.c.slug).where(applications.c.organization_id == bindparam("organization_id"))
_FILTERED = _OWNED.where(*(filtered(applications.c[name]) for name in FILTERS)).order_by(
    applications.c.created_at, applications.c.id
)
_LIST = PagedSelect(_FILTERED)
_LIST_OF = PagedSelect(_FILTERED.where(applications.c.id.in_(bindparam("ids", expanding=True))))


def add(connection: Connection, application: Application) -> None:
    """Store a new application."""
    connection.execute(_INSERT, {"id": application.id, **_columns(application)})


def replace(connection: Connection, application: Application) -> None:
    """Store what an application has become."""
    connection.execute(_UPDATE, {"row_id": application.id, **_columns(application)})


def mark_deleted(connection: Connection, application_id: ApplicationId, at: datetime) -> None:
    """Make an application a tombstone; its slug is free again."""
    connection.execute(_UPDATE, {"row_id": application_id, "deleted_at": at, "slug": application_id})


def purge(connection: Connection) -> None:
    """Remove the tombstones of which no environment is left."""
    connection.execute(_PURGE)


def find(
    connection: Connection, organization_id: OrganizationId, application_id: ApplicationId
) -> Application | None:
    """Return one application of an organization."""
    row = connection.execute(_ONE, {"organization_id": organization_id, "id": application_id}).one_or_none()
    return None if row is None else _from_row(row)


def some(
    connection: Connection, organization_id: OrganizationId, ids: Sequence[ApplicationId]
) -> list[Application]:
    """Return those of an organization's applications that have one of these ids."""
    rows = connection.execute(_SOME, {"organization_id": organization_id, "ids": ids})
    return [_from_row(row) for row in rows]


def page(
    connection: Connection,
    organization_id: OrganizationId,
    number: int,
    filters: Mapping[str, str | None],
    only: Iterable[ApplicationId] | None = None,
) -> Page[Application]:
    """Return a page of an organization's applications, or of some of them, oldest first.

    `filters` has a value or None for each filter.
    """
    parameters = {**filters, "organization_id": organization_id}
    if only is None:
        rows, total = _LIST.run(connection, number, parameters)
    else:
        rows, total = _LIST_OF.run(connection, number, {**parameters, "ids": list(only)})
    return Page(number, [_from_row(row) for row in rows], total)


def slugs(connection: Connection, organization_id: OrganizationId) -> frozenset[str]:
    """Return the slugs that an organization's applications have taken."""
    return frozenset(connection.execute(_SLUGS, {"organization_id": organization_id}).scalars())


def _from_row(row: AnyRow) -> Application:
    return Application(
        id=row.id,
        organization_id=row.organization_id,
        default_environment_id=row.default_environment_id,
        name=row.name,
        slug=row.slug,
        region=row.region,
        repository=row.repository,
        created_at=row.created_at,
        root_directory=row.root_directory,
        slack_channel=row.slack_channel,
        avatar=row.avatar,
    )


def _columns(application: Application) -> dict[str, Any]:
    return {
        "organization_id": application.organization_id,
        "default_environment_id": application.default_environment_id,
        "name": application.name,
        "slug": application.slug,
        "region": application.region,
        "repository": application.repository,
        "root_directory": application.root_directory,
        "slack_channel": application.slack_channel,
        "avatar": application.avatar,
        "created_at": application.created_at,
    }
