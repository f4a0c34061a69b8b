"""One call of an endpoint: what was asked, and by whom."""

from collections.abc import Callable, Container
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request

from engineroom.api.calls.control_plane import ControlPlaneApi
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.calls.query import CallQuery
from engineroom.api.calls.subject import identifier
from engineroom.api.document.viewer import Viewer
from engineroom.api.http import body
from engineroom.api.http.errors import ForbiddenError, UnauthenticatedError
from engineroom.model.ids import OrganizationId
from engineroom.model.token import Ability, Token

Result = TypeVar("Result")


class Call:
    """A request at an endpoint, by whose token was admitted; None at one that needs no token."""

    def __init__(
        self, request: Request, control: ControlPlaneApi, endpoint: Endpoint, token: Token | None
    ) -> None:
        self.control = control
        self.endpoint = endpoint
        self.query = CallQuery(endpoint, request.query_params)
        self._request = request
        self._token = token

    @property
    def token(self) -> Token:
        """The token that the caller showed. Raises UnauthenticatedError where none is needed."""
        if self._token is None:
            raise UnauthenticatedError
        return self._token

    @property
    def organization_id(self) -> OrganizationId:
        """The organization that the call is for: nothing of another one is ever seen."""
        return self.token.organization_id

    @cached_property
    def viewer(self) -> Viewer:
        """Who sees the answer, and from where."""
        return Viewer(self.organization_id, self.token.abilities, self.base_url)

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
    def media_type(self) -> str:
        """The media type that the body is said to have, with its parameters."""
        return self._request.headers.get("content-type", "")

    def header(self, name: str) -> str | None:
        """Return a header of the request, None where it was not sent."""
        return self._request.headers.get(name)

    def id(self, name: str) -> str:
        """Return an id from the address. Raises NotFoundError for what cannot be one."""
        return identifier(self._request.path_params, name)

    async def fields(self, verbatim: Container[str] = ()) -> dict[str, Any]:
        """Return the fields in the body, those that are `verbatim` untouched.

        Raises MalformedError, MediaTypeError and TooLargeError.
        """
        return await body.fields(self._request, verbatim)

    async def content(self, max_bytes: int) -> bytes:
        """Return the body as it is, whatever its media type. Raises TooLargeError for more than `max_bytes`."""
        return await body.content(self._request, max_bytes)

    async def read(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` reads from the store."""
        return await self.control.store.read(function)

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` returns once what it wrote to the store is on disk."""
        return await self.control.store.write(function)

    def require(self, ability: Ability) -> None:
        """Raise ForbiddenError without an ability that a part of the request asks for, besides that of the endpoint."""
        if ability not in self.token.abilities:
            raise ForbiddenError
