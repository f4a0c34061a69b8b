"""Making tokens."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from engineroom.model.ids import new_token_id
from engineroom.model.token import Ability, Token, new_secret, secret_hash
from engineroom.store import Store, organizations, tokens


async def create_token(store: Store, name: str) -> str:
    """Return the secret of a new token of the default organization. It cannot be read again: only its hash is kept."""
    secret = new_secret()

    def write(connection: Connection) -> None:
        token = Token(
            id=new_token_id(),
            organization_id=organizations.default(connection).id,
            name=name,
            abilities=frozenset(Ability),
            created_at=datetime.now(UTC),
        )
        tokens.add(connection, token, secret_hash(secret))

    await store.write(write)
    return secret
