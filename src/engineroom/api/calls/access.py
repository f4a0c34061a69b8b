"""Who may call what, as the endpoint's row says: looked up before any handler is called, with what the address names."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.calls.token_uses import TokenUses
from engineroom.api.http.bearer import shown_hash
from engineroom.api.http.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from engineroom.model.token import Token
from engineroom.store import Store
from engineroom.store.queries.access import scope, tokens


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whose token was shown, and what the address names; None where the row has no subject."""

    token: Token
    subject: Any


class Access:
    """Admits calls. All that it asks the store is one read, as every call waits for it."""

    def __init__(self, store: Store, uses: TokenUses) -> None:
        self._store = store
        self._uses = uses

    async def admit(self, request: Request, endpoint: Endpoint) -> Admitted:
        """Return who calls, and what the address names.

        Raises UnauthenticatedError, ForbiddenError for what the token may not do, and NotFoundError for what is not there,
        or not for this token to see.
        """
        shown = shown_hash(request)
        if shown is None:
            raise UnauthenticatedError
        address = request.path_params

        def read(connection: Connection) -> Admitted:
            token = _token(connection, shown)
            _authorize(connection, endpoint, token, address)
            subject = endpoint.subject
            found = subject and subject.found(connection, token.organization_id, address)
            return Admitted(token, found)

        admitted = await self._store.read(read)
        self._uses.note(admitted.token)
        return admitted


def _token(connection: Connection, shown: str) -> Token:
    token = tokens.authenticated(connection, shown)
    if token is None or token.expired(datetime.now(UTC)):
        raise UnauthenticatedError
    return token


def _authorize(connection: Connection, endpoint: Endpoint, token: Token, address: dict[str, Any]) -> None:
    """Raise ForbiddenError for what the token may not do, NotFoundError for what is in none of its applications."""
    if endpoint.ability not in token.abilities:
        raise ForbiddenError
    if token.applications is None or endpoint.limited_tokens:
        return
    kind, identifier = next(iter(address.items()), ("", ""))
    if kind not in scope.KINDS:
        raise ForbiddenError
    if scope.application_of(connection, kind, identifier) not in token.applications:
        raise NotFoundError
