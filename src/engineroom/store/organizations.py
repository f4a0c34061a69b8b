"""Queries of organizations."""

from sqlalchemy import Connection, bindparam, select

from engineroom.model.application import Organization
from engineroom.model.ids import OrganizationId
from engineroom.store.rows import AnyRow
from engineroom.store.tables import organizations

_BY_ID = select(organizations).where(organizations.c.id == bindparam("id"))
_DEFAULT = select(organizations).order_by(organizations.c.created_at, organizations.c.id).limit(1)


def get(connection: Connection, organization_id: OrganizationId) -> Organization:
    """Return an organization that is known to exist, such as the one a token belongs to."""
    return _from_row(connection.execute(_BY_ID, {"id": organization_id}).one())


def default(connection: Connection) -> Organization:
    """Return the organization that came with the database."""
    return _from_row(connection.execute(_DEFAULT).one())


def _from_row(row: AnyRow) -> Organization:
    return Organization(id=row.id, name=row.name, slug=row.slug)
