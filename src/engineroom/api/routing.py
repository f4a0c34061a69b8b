"""From a request to the endpoint's handler, and from what it answers or raises to the response."""

from collections.abc import Mapping
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engineroom.api.call import Answer, Call, Endpoint
from engineroom.api.control import Control
from engineroom.api.documents import JSON
from engineroom.api.errors import ApiError, FailedError, MethodNotAllowedError

_HEADERS = {"cache-control": "no-cache, private", "access-control-allow-origin": "*"}
"""Contract sheet, section 1.5."""

_log = structlog.get_logger()


class Path:
    """An ASGI application for one path: it has an endpoint for each of its methods."""

    def __init__(self, endpoints: Mapping[str, Endpoint], control: Control) -> None:
        self._endpoints = dict(endpoints)
        if "GET" in endpoints:
            self._endpoints["HEAD"] = endpoints["GET"]
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            endpoint = self._endpoint(request)
            return _response(await endpoint.handler(Call(request, self._control, endpoint.ability)))
        except ApiError as error:
            return error_response(error)
        except Exception:  # noqa: BLE001 - a traceback belongs into the log, never to a client
            return failed(request)

    def _endpoint(self, request: Request) -> Endpoint:
        endpoint = self._endpoints.get(request.method)
        if endpoint is None:
            raise MethodNotAllowedError(request.method, request.url.path, sorted(self._endpoints))
        return endpoint


def failed(request: Request) -> Response:
    """Log the exception being handled, and return the answer that carries the id under which it is logged."""
    error_id = str(uuid4())
    _log.exception(
        "Cannot answer a request.",
        action="request.failed",
        id=error_id,
        method=request.method,
        path=request.url.path,
    )
    return error_response(FailedError(error_id))


def error_response(error: ApiError) -> Response:
    """Return the answer to a request that failed."""
    return Response(error.body(), error.status, {**_HEADERS, **error.headers}, JSON)


def _response(answer: Answer) -> Response:
    headers = {**_HEADERS, **answer.headers}
    if answer.body is None:
        return Response(None, answer.status, headers)
    headers["content-type"] = answer.media_type
    return Response(answer.body, answer.status, headers)
