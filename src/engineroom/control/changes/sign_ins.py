"""Signing in with a browser: a session is begun, its user shows a token, and his client gets one of its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from engineroom.model.applications.application import Organization
from engineroom.model.ids import new_token_id
from engineroom.model.token import new_secret, secret_hash
from engineroom.store import Store
from engineroom.store.queries.access import organizations, sign_ins, tokens
from engineroom.store.queries.access.sign_ins import SignIn

LIFETIME = timedelta(seconds=300)
"""How long the client waits (contract sheet, section 9)."""

_MAX_AT_ONCE = 1000
_CLIENT = "command line client"


class TooManySignInsError(Exception):
    """Too many sign-ins wait for their users."""


class SignInGoneError(Exception):
    """The sign-in is over, or was never begun."""


class UnknownTokenError(Exception):
    """The token that was shown is not known, or has expired."""


async def begin(store: Store, port: int) -> str:
    """Return the secret of a new session. Raises TooManySignInsError."""
    secret, now = new_secret(), datetime.now(UTC)

    def write(connection: Connection) -> None:
        if sign_ins.prune(connection, now) >= _MAX_AT_ONCE:
            raise TooManySignInsError
        sign_ins.add(
            connection, SignIn(session_hash=secret_hash(secret), port=port, expires_at=now + LIFETIME)
        )

    await store.write(write)
    return secret


async def is_open(store: Store, session: str) -> bool:
    """Return whether a session waits for its user."""
    return await store.read(lambda connection: _open(connection, session)) is not None


async def prove(store: Store, session: str, token_secret: str) -> tuple[int, str]:
    """Return the port that the client listens on, and the code that it is to show.

    Raises SignInGoneError and UnknownTokenError.
    """
    code = new_secret()

    def write(connection: Connection) -> int:
        found = _open(connection, session)
        if found is None:
            raise SignInGoneError
        token = tokens.authenticated(connection, secret_hash(token_secret))
        if token is None or token.expired(datetime.now(UTC)):
            raise UnknownTokenError
        if not sign_ins.prove(connection, found.session_hash, token.id, secret_hash(code)):
            raise SignInGoneError
        return found.port

    return await store.write(write), code


async def exchange(store: Store, code: str) -> tuple[Organization, str]:
    """Return the organization and the secret of a new token, which may do what the shown one may.

    Raises SignInGoneError.
    """
    secret = new_secret()

    def write(connection: Connection) -> Organization | None:
        # What is wrong with it is told only after this is written: the code is used up either way.
        found = sign_ins.take(connection, secret_hash(code))
        now = datetime.now(UTC)
        if found is None or found.token_id is None or found.expires_at < now:
            return None
        shown = tokens.get(connection, found.token_id)
        if shown.expired(now):
            return None
        new = replace(
            shown,
            id=new_token_id(),
            name=f"{shown.name} ({_CLIENT})",
            created_at=now,
            last_used_at=None,
        )
        tokens.add(connection, new, secret_hash(secret))
        return organizations.get(connection, new.organization_id)

    organization = await store.write(write)
    if organization is None:
        raise SignInGoneError
    return organization, secret


def _open(connection: Connection, session: str) -> SignIn | None:
    found = sign_ins.find(connection, secret_hash(session))
    return found if found is not None and found.expires_at >= datetime.now(UTC) else None
