"""Queries of tokens."""

import hmac
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engineroom.model.ids import ApplicationId, OrganizationId, TokenId
from engineroom.model.token import Ability, Token
from engineroom.store.databases.rows import AnyRow
from engineroom.store.queries.paging import Page, PagedSelect
from engineroom.store.schema.tables import tokens

_INSERT = insert(tokens)
_BY_HASH = select(tokens).where(tokens.c.secret_hash == bindparam("secret_hash"))
_ANY = select(tokens).where(tokens.c.id == bindparam("id"))
_OWNED = select(tokens).where(tokens.c.organization_id == bindparam("organization_id"))
_ONE = _OWNED.where(tokens.c.id == bindparam("id"))
_ALL = _OWNED.order_by(tokens.c.created_at, tokens.c.id)
_LIST = PagedSelect(_ALL)
_DELETE = delete(tokens).where(
    tokens.c.organization_id == bindparam("of_organization_id"), tokens.c.id == bindparam("token_id")
)
_USE = update(tokens).where(tokens.c.id == bindparam("token_id"))


def add(connection: Connection, token: Token, secret_hash: str) -> None:
    """Store a token under the hash of its secret."""
    connection.execute(
        _INSERT,
        {
            "id": token.id,
            "organization_id": token.organization_id,
            "name": token.name,
            "secret_hash": secret_hash,
            "abilities": sorted(token.abilities),
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "applications": None if token.applications is None else sorted(token.applications),
            "last_used_at": token.last_used_at,
        },
    )


def authenticated(connection: Connection, secret_hash: str) -> Token | None:
    """Return the token whose secret has this hash."""
    row = connection.execute(_BY_HASH, {"secret_hash": secret_hash}).one_or_none()
    # The index has compared them already, but in a time that depends on where they differ.
    if row is None or not hmac.compare_digest(row.secret_hash, secret_hash):
        return None
    return _from_row(row)


def find(connection: Connection, organization_id: OrganizationId, token_id: TokenId) -> Token | None:
    """Return one token of an organization."""
    row = connection.execute(_ONE, {"organization_id": organization_id, "id": token_id}).one_or_none()
    return None if row is None else _from_row(row)


def get(connection: Connection, token_id: TokenId) -> Token:
    """Return a token that is known to exist, of whatever organization."""
    return _from_row(connection.execute(_ANY, {"id": token_id}).one())


def exists(connection: Connection, token_id: TokenId) -> bool:
    """Return whether a token is there, of whatever organization."""
    return connection.execute(_ANY, {"id": token_id}).one_or_none() is not None


def page(connection: Connection, organization_id: OrganizationId, number: int) -> Page[Token]:
    """Return a page of an organization's tokens, oldest first."""
    rows, total = _LIST.run(connection, number, {"organization_id": organization_id})
    return Page(number, [_from_row(row) for row in rows], total)


def everyone(connection: Connection, organization_id: OrganizationId) -> list[Token]:
    """Return all tokens of an organization, oldest first."""
    return [_from_row(row) for row in connection.execute(_ALL, {"organization_id": organization_id})]


def revoke(connection: Connection, organization_id: OrganizationId, token_id: TokenId) -> bool:
    """Remove a token of an organization; return whether there was one."""
    gone = connection.execute(_DELETE, {"of_organization_id": organization_id, "token_id": token_id})
    return gone.rowcount > 0


def note_use(connection: Connection, token_id: TokenId, at: datetime) -> None:
    """Remember that a token was used."""
    connection.execute(_USE, {"token_id": token_id, "last_used_at": at})


def _from_row(row: AnyRow) -> Token:
    limited = row.applications
    return Token(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        abilities=frozenset(map(Ability, row.abilities)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        applications=None if limited is None else frozenset(map(ApplicationId, limited)),
        last_used_at=row.last_used_at,
    )
