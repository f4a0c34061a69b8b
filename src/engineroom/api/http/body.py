"""Reading a request's body: a plain JSON object, under any media type of JSON (contract sheet, section 1.2)."""

import json
from collections.abc import Container
from typing import Any, NoReturn

from starlette.requests import Request

from engineroom.api.http.errors import MalformedError, MediaTypeError, TooLargeError
from engineroom.api.http.media_types import JSON

MAX_BODY = 1024 * 1024
"""In bytes."""

_MAX_VALUES = 50_000
"""Every value takes time to be read and checked, and all others wait for that."""

_MALFORMED = "The request's body is not valid JSON: {}. Send one JSON object."


async def fields(request: Request, verbatim: Container[str] = ()) -> dict[str, Any]:
    """Return the fields in the body, none for an empty one; text is trimmed, and empty text counts as null.

    Fields that are `verbatim` stay as they were sent.

    Raises MalformedError, MediaTypeError and TooLargeError.
    """
    found = await content(request, MAX_BODY)
    if not found:
        return {}
    _require_json(request)
    parsed = _parse(found)
    return {name: value if name in verbatim else _normal(value) for name, value in parsed.items()}


async def content(request: Request, largest: int) -> bytes:
    """Return the body as it is. Raises TooLargeError for more than `largest` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > largest:
        raise TooLargeError(largest)
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > largest:
            raise TooLargeError(largest)
    return bytes(found)


def _require_json(request: Request) -> None:
    """Refuse what says that it is something else than JSON. Raises MediaTypeError."""
    media_type = (request.headers.get("content-type") or JSON).partition(";")[0].strip().lower()
    if media_type != JSON and not media_type.endswith("+json"):
        raise MediaTypeError(media_type)


def _parse(content: bytes) -> dict[str, Any]:
    # Those in texts are counted too, which is none that a person has written.
    if sum(map(content.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        raise MalformedError(_MALFORMED.format(f"it has more than {_MAX_VALUES} values"))
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
    return found


def _normal(value: Any, depth: int = 3) -> Any:
    """Return a value as the framework's middleware leaves it (contract sheet, section 1.13)."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict) and depth:
        return {name: _normal(inner, depth - 1) for name, inner in value.items()}
    if isinstance(value, list) and depth:
        return [_normal(inner, depth - 1) for inner in value]
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
