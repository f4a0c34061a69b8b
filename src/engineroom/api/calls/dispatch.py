"""From a request to the endpoint's handler, and from what it answers or raises to the response."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from engineroom.api.calls.call import Answer, Call, caller
from engineroom.api.calls.control_plane import Control
from engineroom.api.calls.elsewhere import not_here
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.calls.standing import Standing
from engineroom.api.calls.token_uses import TokenUses
from engineroom.api.document import ignored
from engineroom.api.document.jsonapi import JSON
from engineroom.api.http.errors import (
    ApiError,
    FailedError,
    MalformedError,
    MethodNotAllowedError,
    NoStorageError,
    NotFoundError,
    NotReadyError,
    TooManyError,
)
from engineroom.api.http.rate_limits import Bucket, RateLimits
from engineroom.control.changes.changing import GoneError
from engineroom.store.errors import NoRoomError, UnavailableError
from engineroom.store.queries.access import audit

_HEADERS = {
    "cache-control": "no-cache, private",
    "access-control-allow-origin": "*",
    "strict-transport-security": "max-age=31536000",
}
"""Contract sheet, section 1.5. Browsers heed the last one only where the connection is secure (RFC 6797, section 8.1)."""

_PREFLIGHT_SECONDS = 7200

_log = structlog.get_logger()


class Path:
    """What answers at one address: it has an endpoint for each of its methods, and none where there is nothing."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        control: Control,
        limits: RateLimits,
        uses: TokenUses,
        standing: Standing,
    ) -> None:
        self._endpoints = dict(endpoints)
        if "GET" in endpoints:
            self._endpoints["HEAD"] = endpoints["GET"]
        self._control = control
        self._limits = limits
        self._uses = uses
        self._standing = standing

    async def respond(self, request: Request) -> Response:
        """Return the response to one request."""
        if request.method == "OPTIONS" and self._endpoints:
            return self._preflight(request)
        endpoint = self._endpoints.get(request.method)
        counted: dict[str, str] = {}
        ignored.begin()
        try:
            counted = self._count(request, endpoint.bucket if endpoint else Bucket.ORDINARY)
            answer = await self._answer(request, endpoint)
            if request.method == "HEAD" and not isinstance(answer.body, bytes):
                answer = replace(answer, body=b"")
            return _response(answer, {**counted, **ignored.header()})
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            return _error_response(_in_words(error, request), {**counted, **ignored.header()})

    async def _answer(self, request: Request, endpoint: Endpoint | None) -> Answer:
        if endpoint is not None:
            ignored.note_query(endpoint, request.query_params)
            call = Call(request, self._control, endpoint, self._uses)
            if endpoint.ability is None:
                return await endpoint.handler(call)
            with audit.attributed(call.audit_entry):
                return self._guarded(call, await endpoint.handler(call))
        if not self._endpoints:
            raise NotFoundError(not_here(request.url.path))
        raise MethodNotAllowedError(request.method, request.url.path, self._methods())

    def _guarded(self, call: Call, answer: Answer) -> Answer:
        """Return the answer, which ends with the token where it goes on for long."""
        if answer.body is None or isinstance(answer.body, bytes):
            return answer
        return replace(answer, body=self._standing.while_it_holds(call.token, answer.body))

    def _count(self, request: Request, bucket: Bucket | None) -> dict[str, str]:
        """Count the call, and return the headers that tell how many are left. Raises TooManyError when none was."""
        if bucket is None:
            return {}
        allowance = self._limits.take(bucket, caller(request))
        headers = {
            "x-ratelimit-limit": str(allowance.limit),
            "x-ratelimit-remaining": str(allowance.remaining),
        }
        if allowance.retry_after_seconds is not None:
            raise TooManyError(allowance.retry_after_seconds, headers)
        return headers

    def _methods(self) -> list[str]:
        return sorted({*self._endpoints, "OPTIONS"})

    def _preflight(self, request: Request) -> Response:
        """Tell a browser that pages of any origin may call (Fetch standard, section 3.3)."""
        methods = ", ".join(self._methods())
        asked = request.headers.get("access-control-request-headers", "authorization, content-type")
        headers = {
            **_HEADERS,
            "allow": methods,
            "access-control-allow-methods": methods,
            "access-control-allow-headers": asked,
            "access-control-max-age": str(_PREFLIGHT_SECONDS),
        }
        return Response(None, 204, headers)


def _in_words(error: Exception, request: Request) -> ApiError:
    """Return what is answered to an exception; one that is a fault of ours is logged under the id in the answer."""
    match error:
        case ApiError():
            return error
        case GoneError():
            return NotFoundError()
        case NoRoomError():
            return NoStorageError(str(error))
        case UnavailableError():
            _log.warning("The store cannot be used.", action="store.unavailable", exc_info=error)
            return NotReadyError(str(error))
        case ClientDisconnect():
            # Nobody is there any more to read it.
            return MalformedError("The request was not sent to its end.")
    error_id = str(uuid4())
    _log.error(
        "Cannot answer a request.",
        action="request.failed",
        id=error_id,
        method=request.method,
        path=request.url.path,
        exc_info=error,
    )
    return FailedError(error_id)


def _error_response(error: ApiError, counted: Mapping[str, str]) -> Response:
    return Response(error.body(), error.status, {**_HEADERS, **counted, **error.headers}, JSON)


def _response(answer: Answer, counted: Mapping[str, str]) -> Response:
    headers = {**_HEADERS, **counted, **answer.headers}
    if answer.body is None:
        return Response(None, answer.status, headers)
    headers["content-type"] = answer.media_type
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, headers)
    return StreamingResponse(answer.body, answer.status, headers)
