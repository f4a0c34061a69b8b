"""Reading a request's body: plain JSON objects, under whatever content type (contract sheet, section 1.2)."""

import json
from typing import Any, NoReturn

from starlette.requests import Request

from engineroom.api.errors import MalformedError, TooLargeError

LARGEST_BODY = 1024 * 1024
"""In bytes."""

_MALFORMED = "The request's body is not valid JSON: {}. Send one JSON object."


async def fields(request: Request) -> dict[str, Any]:
    """Return the fields in the body, none for an empty one; text is trimmed, and empty text counts as null.

    Raises MalformedError and TooLargeError.
    """
    content = await _content(request)
    if not content:
        return {}
    try:
        found = json.loads(content.decode(), parse_constant=_refuse)
    except RecursionError:
        raise MalformedError(_MALFORMED.format("it is nested too deeply")) from None
    except ValueError as error:
        raise MalformedError(_MALFORMED.format(error)) from None
    if found == []:
        # What PHP writes for an empty object.
        return {}
    if not isinstance(found, dict):
        raise MalformedError("The request's body is not a JSON object. Send the fields as one JSON object.")
    return {name: _normal(value) for name, value in found.items()}


async def _content(request: Request) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > LARGEST_BODY:
        raise TooLargeError(LARGEST_BODY)
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise TooLargeError(LARGEST_BODY)
    return content


def _normal(value: Any, depth: int = 3) -> Any:
    """Return a value as the framework's middleware leaves it (contract sheet, section 1.13)."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict) and depth:
        return {name: _normal(inner, depth - 1) for name, inner in value.items()}
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
