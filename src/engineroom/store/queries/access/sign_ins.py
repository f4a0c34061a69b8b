"""Queries of sign-ins: a client waits for its user to prove himself in a browser (contract sheet, section 9)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from engineroom.model.ids import TokenId
from engineroom.store.schema.tables import sign_ins

_INSERT = insert(sign_ins)
_UPDATE = update(sign_ins).where(
    sign_ins.c.session_hash == bindparam("of_session_hash"), sign_ins.c.exchange_hash.is_(None)
)
_BY_SESSION = select(sign_ins).where(sign_ins.c.session_hash == bindparam("session_hash"))
_BY_EXCHANGE = select(sign_ins).where(sign_ins.c.exchange_hash == bindparam("exchange_hash"))
_DELETE = delete(sign_ins).where(sign_ins.c.session_hash == bindparam("of_session_hash"))
_PRUNE = delete(sign_ins).where(sign_ins.c.expires_at < bindparam("before"))
_COUNT = select(func.count()).select_from(sign_ins)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in. `token_id` is the token that the user proved himself with; the secrets are kept as hashes."""

    session_hash: str
    port: int
    expires_at: datetime
    token_id: TokenId | None = None


def add(connection: Connection, new: SignIn) -> None:
    """Store a new sign-in."""
    connection.execute(
        _INSERT, {"session_hash": new.session_hash, "port": new.port, "expires_at": new.expires_at}
    )


def prune(connection: Connection, before: datetime) -> int:
    """Remove what expired before this moment; return how many are left."""
    connection.execute(_PRUNE, {"before": before})
    return connection.execute(_COUNT).scalar_one()


def find(connection: Connection, session_hash: str) -> SignIn | None:
    """Return the sign-in of a session that nobody has proved himself in yet."""
    row = connection.execute(_BY_SESSION, {"session_hash": session_hash}).one_or_none()
    if row is None or row.exchange_hash is not None:
        return None
    return SignIn(session_hash=row.session_hash, port=row.port, expires_at=row.expires_at)


def prove(connection: Connection, session_hash: str, token_id: TokenId, exchange_hash: str) -> bool:
    """Note who signed in, and what his client will show; return whether the session was still open."""
    values = {"of_session_hash": session_hash, "token_id": token_id, "exchange_hash": exchange_hash}
    return connection.execute(_UPDATE, values).rowcount == 1


def take(connection: Connection, exchange_hash: str) -> SignIn | None:
    """Return the sign-in that a client shows the code of, and remove it: a code is good for once."""
    row = connection.execute(_BY_EXCHANGE, {"exchange_hash": exchange_hash}).one_or_none()
    if row is None:
        return None
    connection.execute(_DELETE, {"of_session_hash": row.session_hash})
    return SignIn(
        session_hash=row.session_hash, port=row.port, expires_at=row.expires_at, token_id=row.token_id
    )
