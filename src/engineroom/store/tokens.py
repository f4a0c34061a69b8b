"""Queries of tokens."""

from sqlalchemy import Connection, bindparam, insert, select

from engineroom.model.token import Ability, Token
from engineroom.store.tables import tokens

_INSERT = insert(tokens)
_BY_HASH = select(tokens).where(tokens.c.secret_hash == bindparam("secret_hash"))


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
        },
    )


def find(connection: Connection, secret_hash: str) -> Token | None:
    """Return the token whose secret has this hash."""
    row = connection.execute(_BY_HASH, {"secret_hash": secret_hash}).one_or_none()
    if row is None:
        return None
    return Token(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        abilities=frozenset(map(Ability, row.abilities)),
        created_at=row.created_at,
    )
