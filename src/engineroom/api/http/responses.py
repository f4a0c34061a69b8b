"""From an answer, or an error, to the response that is sent."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import ApiError
from engineroom.api.http.media_types import JSON

_HEADERS = {
    "cache-control": "no-cache, private",
    "access-control-allow-origin": "*",
    "strict-transport-security": "max-age=31536000",
}
"""Contract sheet, section 1.5. Browsers heed the last one only where the connection is secure (RFC 6797, section 8.1)."""

_PREFLIGHT_SECONDS = 7200


def response(answer: Answer, headers: Mapping[str, str]) -> Response:
    """Return the response with an answer, and with these headers besides its own."""
    sent = {**_HEADERS, **headers, **answer.headers}
    if answer.body is None:
        return Response(None, answer.status, sent)
    sent["content-type"] = answer.media_type
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, sent)
    return StreamingResponse(answer.body, answer.status, sent)


def error_response(error: ApiError, headers: Mapping[str, str]) -> Response:
    """Return the response with an error, and with these headers besides its own."""
    return Response(error.body(), error.status, {**_HEADERS, **headers, **error.headers}, JSON)


def preflight(request: Request, methods: Sequence[str]) -> Response:
    """Tell a browser that pages of any origin may call (Fetch standard, section 3.3)."""
    allowed = ", ".join(methods)
    asked = request.headers.get("access-control-request-headers", "authorization, content-type")
    headers = {
        **_HEADERS,
        "allow": allowed,
        "access-control-allow-methods": allowed,
        "access-control-allow-headers": asked,
        "access-control-max-age": str(_PREFLIGHT_SECONDS),
    }
    return Response(None, 204, headers)
