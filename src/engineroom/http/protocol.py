"""A connection that speaks HTTP/1.1, on uvicorn's, with limits to what it may send and to how long it may take."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from engineroom.http.bounds import Bounds, Peers
from engineroom.http.proxies import Proxies

_SLICE_BYTES = 8 * 1024
"""The parser is given so much at a time: it joins the pieces of a header by copying them, which takes time as the square of
their length. Between two slices it can be told that it was too much."""


class _Part(Enum):
    """What of a request is awaited."""

    START = auto()
    HEAD = auto()
    BODY = auto()


class _RefusedError(Exception):
    """The request is answered with this status, and the connection closed."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a server share."""

    bounds: Bounds
    peers: Peers
    proxies: Proxies


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, shared: Shared, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._bounds = shared.bounds
        self._shared = shared
        self._part = _Part.START
        self._without_progress = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._refused: _RefusedError | None = None
        self._counted: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection, unless its peer has too many."""
        super().connection_made(_Guarded(transport))  # type: ignore[arg-type] # it is used as one
        self._counted = self.client[0] if self.client else ""
        if not self._shared.peers.join(self._counted, proxy=self._shared.proxies.trusts(self._counted)):
            transport.abort()
            return
        self._expect(self._bounds.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._counted is not None:
            self._shared.peers.leave(self._counted)
            self._counted = None
        self._expect(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, a slice at a time, and refuse what is too much."""
        if self._deadline is None and self._part is _Part.START:
            self._expect(self._bounds.head_seconds)
        for start in range(0, len(data), _SLICE_BYTES):
            if self.transport.is_closing():
                return
            piece = data[start : start + _SLICE_BYTES]
            self._without_progress += len(piece)
            super().data_received(piece)
            if self._without_progress > self._bounds.head_bytes and not self.transport.is_closing():
                self._refuse(_too_large(f"the head of a request may have {self._bounds.head_bytes} bytes"))
                return

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._part = _Part.HEAD
        self._without_progress = 0
        self._expect(self._bounds.head_seconds)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        super().on_url(url)
        if len(self.url) > self._bounds.url_bytes:
            self._refused = _RefusedError(
                HTTPStatus.REQUEST_URI_TOO_LONG, f"the address may have {self._bounds.url_bytes} bytes"
            )
            raise self._refused

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        if len(self.headers) >= self._bounds.headers:
            self._refused = _too_large(f"a request may have {self._bounds.headers} headers")
            raise self._refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request answered; its body may still be on the way."""
        self._part = _Part.BODY
        self._without_progress = 0
        self._expect(self._bounds.body_seconds)
        if len(self.pipeline) >= self._bounds.pipelined:
            self._refused = _RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests wait on one connection"
            )
            raise self._refused
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._without_progress = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._part = _Part.START
        self._without_progress = 0
        answered = self.cycle.response_complete
        self._expect(self._bounds.head_seconds if answered else None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request; the rest of a body that nobody wanted is only awaited for a moment."""
        super().on_response_complete()
        if self._part is _Part.BODY:
            self._unset_keepalive_if_required()
            self._expect(self._bounds.unread_body_seconds)

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent, but not for ever."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self._bounds.response_stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Send on."""
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, or one that was refused."""
        self._refuse(self._refused or _RefusedError(HTTPStatus.BAD_REQUEST, msg.rstrip(".")))

    def _expect(self, seconds: float | None) -> None:
        """Close the connection unless what is awaited now has come by then; None awaits nothing."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        self._deadline = None
        if self._part is _Part.HEAD:
            seconds = self._bounds.head_seconds
            self._refuse(
                _RefusedError(
                    HTTPStatus.REQUEST_TIMEOUT, f"the head of the request took more than {seconds:g} s"
                )
            )
        elif not self.transport.is_closing():
            self.transport.close() if self._part is _Part.START else self.transport.abort()

    def _refuse(self, error: _RefusedError) -> None:
        """Answer with an error, where no other answer is under way, and hang up."""
        self._expect(None)
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr] # none at first
            self.transport.abort()
            return
        body = json.dumps({"message": f"Cannot read the request: {error}."}).encode()
        head = (
            f"HTTP/1.1 {error.status.value} {error.status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _Guarded:
    """A transport that, once it is closed, does nothing more, whichever of several answers still wants something of it.

    That of uvloop raises errors then, until the protocol is told that the connection is lost.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.abort = transport.abort
        self.close = transport.close
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Take nothing for now."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what comes."""
        if not self._transport.is_closing():
            self._transport.resume_reading()


def _too_large(reason: str) -> _RefusedError:
    return _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason)
