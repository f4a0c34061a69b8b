"""One call of an endpoint: what was asked, by whom, and what is answered."""

import re
from collections.abc import AsyncGenerator, Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request

from engineroom.api.calls.control_plane import Control
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.calls.token_uses import TokenUses
from engineroom.api.document.jsonapi import JSON_API
from engineroom.api.document.pagination import page_number
from engineroom.api.http import body
from engineroom.api.http.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from engineroom.model.audit import AuditEntry
from engineroom.model.ids import OrganizationId, new_audit_entry_id
from engineroom.model.token import Ability, Token, secret_hash
from engineroom.store.queries.access import scope, tokens

_MAX_USER_AGENT_LENGTH = 300
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; a body of None is no body at all, and one that is iterated over is sent bit by bit."""

    body: bytes | AsyncGenerator[bytes] | None
    status: int = 200
    media_type: str = JSON_API
    headers: Mapping[str, str] = field(default_factory=dict)


class Call:
    """A request at an endpoint. The token is known once `read` has run."""

    def __init__(self, request: Request, control: Control, endpoint: Endpoint, uses: TokenUses) -> None:
        self.control = control
        self.endpoint = endpoint
        self._request = request
        self._uses = uses
        self._token: Token | None = None

    @property
    def token(self) -> Token:
        """The token that the caller showed. Raises UnauthenticatedError before it was looked up."""
        if self._token is None:
            raise UnauthenticatedError
        return self._token

    @property
    def organization_id(self) -> OrganizationId:
        """The organization that the call is for: nothing of another one is ever seen."""
        return self.token.organization_id

    @property
    def base_url(self) -> str:
        """The scheme and host that the client used, and the path below which a proxy has put this server."""
        scope = self._request.scope
        host = self._request.headers.get("host") or "{}:{}".format(*scope.get("server") or ("localhost", 80))
        return f"{scope['scheme']}://{host}{self.prefix}"

    @property
    def prefix(self) -> str:
        """The path below which a trusted proxy has put this server, without a slash at the end; mostly none."""
        return str(self._request.scope.get("root_path", ""))

    @property
    def url(self) -> str:
        """The address that was called, without its query."""
        return self.base_url + str(self._request.scope["path"])

    @property
    def page(self) -> int:
        """The page of a list that was asked for."""
        return page_number(self._request.query_params.get("page"))

    @property
    def includes(self) -> list[str]:
        """The relations to include, of those that the endpoint has and in its order; unknown ones are ignored."""
        asked = self._request.query_params.get("include", "").split(",")
        return [name for name in self.endpoint.relations if name in asked]

    @property
    def filters(self) -> dict[str, str | None]:
        """The value of each filter that the endpoint has, None where it was not given."""
        given = self._request.query_params
        # No text in the database has a NUL character, and PostgreSQL refuses to look for one.
        return {
            name: given.get(f"filter[{name}]", "").replace("\0", "\ufffd") or None
            for name in self.endpoint.filters
        }

    def flag(self, name: str) -> bool:
        """Return whether the query sets this flag."""
        return (self.query(name) or "").lower() in ("true", "1")

    def query(self, name: str) -> str | None:
        """Return a parameter of the query, None where it was not given or is empty."""
        assert any(name == parameter.name for parameter in self.endpoint.parameters), f"undeclared: {name}"
        return self._request.query_params.get(name) or None

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the query that the endpoint has and that were given."""
        names = [parameter.name for parameter in self.endpoint.parameters]
        return {name: given for name in names if (given := self.query(name)) is not None}

    def several(self, name: str) -> list[str]:
        """Return a parameter of the query that may be given several times."""
        return self._request.query_params.getlist(name)

    def header(self, name: str) -> str | None:
        """Return a header of the request, None where it was not sent."""
        return self._request.headers.get(name)

    def id(self, name: str) -> str:
        """Return an id from the path. Raises NotFoundError for what cannot be one."""
        found = str(self._request.path_params[name])
        if not _ID.fullmatch(found):
            raise NotFoundError
        return found

    async def fields(self, verbatim: Container[str] = ()) -> dict[str, Any]:
        """Return the fields in the body, those that are `verbatim` untouched.

        Raises MalformedError, MediaTypeError and TooLargeError.
        """
        return await body.fields(self._request, verbatim)

    @property
    def media_type(self) -> str:
        """The media type that the body is said to have, with its parameters."""
        return self._request.headers.get("content-type", "")

    async def content(self, largest: int) -> bytes:
        """Return the body as it is, whatever its media type. Raises TooLargeError for more than `largest` bytes."""
        return await body.content(self._request, largest)

    async def authenticate(self) -> None:
        """Look up the caller's token. Raises UnauthenticatedError and ForbiddenError."""
        await self.read(lambda _connection: None)

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` reads, after the caller's token was looked up on the same connection.

        Raises UnauthenticatedError, ForbiddenError, and what `function` raises.
        """
        hashed = self._secret_hash()

        def authenticate_and_read(connection: Connection) -> Result:
            token = tokens.authenticated(connection, hashed)
            if token is None or token.expired(datetime.now(UTC)):
                raise UnauthenticatedError
            self._token = token
            self._authorize(connection, token)
            return function(connection)

        result = await self.control.store.read(authenticate_and_read)
        self._uses.note(self.token)
        return result

    def _authorize(self, connection: Connection, token: Token) -> None:
        """Raise ForbiddenError for what the token may not do, NotFoundError for what is in none of its applications."""
        if self.endpoint.ability not in token.abilities:
            raise ForbiddenError
        if token.applications is None or self.endpoint.limited_tokens:
            return
        kind, identifier = next(iter(self._request.path_params.items()), ("", ""))
        if kind not in scope.KINDS:
            raise ForbiddenError
        if scope.application_of(connection, kind, identifier) not in token.applications:
            raise NotFoundError

    def require(self, ability: Ability) -> None:
        """Raise ForbiddenError without an ability that a part of the request asks for, besides that of the endpoint."""
        if ability not in self.token.abilities:
            raise ForbiddenError

    def audit_entry(self) -> AuditEntry:
        """Return what the audit trail is to have of this call, once its token is known."""
        user_agent = self._request.headers.get("user-agent")
        return AuditEntry(
            id=new_audit_entry_id(),
            organization_id=self.organization_id,
            token_id=self.token.id,
            actor=self.token.name,
            action=self.endpoint.name,
            target=f"{self.endpoint.method} {self._request.scope['path']}",
            address=self._request.client.host if self._request.client else None,
            user_agent=user_agent and user_agent[:_MAX_USER_AGENT_LENGTH],
            at=datetime.now(UTC),
        )

    def _secret_hash(self) -> str:
        secret = _bearer(self._request)
        if secret is None:
            raise UnauthenticatedError
        return secret_hash(secret)


def caller(request: Request) -> str:
    """Return who calls, as far as calls are counted: the token, known or not, or the address where there is none."""
    secret = _bearer(request)
    if secret is not None:
        return secret_hash(secret)
    return request.client.host if request.client else ""


def _bearer(request: Request) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None
