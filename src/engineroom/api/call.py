"""One call of an endpoint: what was asked, by whom, and what is answered."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.requests import Request

from engineroom.api import body
from engineroom.api.control import Control
from engineroom.api.documents import JSON_API, Attributes
from engineroom.api.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from engineroom.api.pagination import page_number
from engineroom.model.ids import OrganizationId
from engineroom.model.token import Ability, Token, secret_hash
from engineroom.store import tokens

_ID = re.compile(r"[\w-]{1,64}", re.ASCII)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; a body of None is no body at all."""

    body: bytes | None
    status: int = 200
    media_type: str = JSON_API
    headers: Mapping[str, str] = field(default_factory=dict)


class Call:
    """A request at an endpoint. The token is known once `read` has run."""

    def __init__(self, request: Request, control: Control, ability: Ability | None) -> None:
        self.control = control
        self._request = request
        self._ability = ability
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
        """The scheme and host that the client used."""
        scope = self._request.scope
        host = self._request.headers.get("host") or "{}:{}".format(*scope.get("server") or ("localhost", 80))
        return f"{scope['scheme']}://{host}"

    @property
    def url(self) -> str:
        """The address that was called, without its query."""
        return self.base_url + str(self._request.scope["path"])

    @property
    def page(self) -> int:
        """The page of a list that was asked for."""
        return page_number(self._request.query_params.get("page"))

    @property
    def includes(self) -> frozenset[str]:
        """The names of the relations to include; unknown ones are left to the handler, which ignores them."""
        return frozenset(self._request.query_params.get("include", "").split(","))

    def flag(self, name: str) -> bool:
        """Return whether the query sets this flag."""
        return self._request.query_params.get(name, "").lower() in ("true", "1")

    def filters(self, names: tuple[str, ...]) -> dict[str, str | None]:
        """Return the value of each filter, None where it was not given."""
        return {name: self._request.query_params.get(f"filter[{name}]") or None for name in names}

    def id(self, name: str) -> str:
        """Return an id from the path. Raises NotFoundError for what cannot be one."""
        found = str(self._request.path_params[name])
        if not _ID.fullmatch(found):
            raise NotFoundError
        return found

    async def fields(self) -> dict[str, Any]:
        """Return the fields in the body."""
        return await body.fields(self._request)

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` reads, after the caller's token was looked up on the same connection.

        Raises UnauthenticatedError, ForbiddenError, and what `function` raises.
        """
        hashed = self._secret_hash()

        def authenticate_and_read(connection: Connection) -> Result:
            self._token = tokens.find(connection, hashed)
            if self._ability not in self.token.abilities:
                raise ForbiddenError
            return function(connection)

        return await self.control.store.read(authenticate_and_read)

    def _secret_hash(self) -> str:
        scheme, _, secret = self._request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise UnauthenticatedError
        return secret_hash(secret.strip())


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One row of the table: what is called, who may, what goes in and out, what answers, and where that is laid down.

    `ability` None means that no token is needed. `contract` is a section of the contract's fact sheet, or `ours`.
    """

    method: str
    path: str
    ability: Ability | None
    request: type[BaseModel] | None
    response: type[Attributes] | None
    handler: Handler
    contract: str
