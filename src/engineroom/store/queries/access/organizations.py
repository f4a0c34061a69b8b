"""Queries of organizations."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from engineroom.model.applications.application import Organization
from engineroom.model.ids import OrganizationId
from engineroom.store.databases.rows import AnyRow
from engineroom.store.schema.tables import organizations

_BY_ID = select(organizations).where(organizations.c.id == bindparam("id"))
_BY_SLUG = select(organizations).where(organizations.c.slug == bindparam("slug"))
_ALL = select(organizations).order_by(organizations.c.created_at, organizations.c.id)
_INSERT = insert(organizations)
_DEFAULT = select(organizations).order_by(organizations.c.created_at, organizations.c.id).limit(1)


def get(connection: Connection, organization_id: OrganizationId) -> Organization:
    """Return an organization that is known to exist, such as the one a token belongs to."""
    return _from_row(connection.execute(_BY_ID, {"id": organization_id}).one())


def default(connection: Connection) -> Organization:
    """Return the organization that came with the database."""
    return _from_row(connection.execute(_DEFAULT).one())


def find(connection: Connection, slug: str) -> Organization | None:
    """Return the organization with this slug."""
    row = connection.execute(_BY_SLUG, {"slug": slug}).one_or_none()
    return None if row is None else _from_row(row)


def everyone(connection: Connection) -> list[Organization]:
    """Return all organizations, oldest first."""
    return [_from_row(row) for row in connection.execute(_ALL)]


def add(connection: Connection, organization: Organization, created_at: datetime) -> None:
    """Store a new organization."""
    values = {"id": organization.id, "name": organization.name, "slug": organization.slug}
    connection.execute(_INSERT, {**values, "created_at": created_at})


def _from_row(row: AnyRow) -> Organization:
    return Organization(id=row.id, name=row.name, slug=row.slug)
