"""What a handler answers."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from engineroom.api.http.media_types import JSON_API


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; a body of None is no body at all, and one that is iterated over is sent bit by bit."""

    body: bytes | AsyncGenerator[bytes] | None
    status: int = 200
    media_type: str = JSON_API
    headers: Mapping[str, str] = field(default_factory=dict)
