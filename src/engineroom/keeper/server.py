"""The keeper's socket: one JSON object a line in both directions.

A request is `{"id": …, "call": NAME, …}`, its answer `{"id": …, "result": …}` or `{"id": …, "error": TEXT}`. A client
that called `watch` also gets each event as the journal has it, a line that begins with its `sequence`.
"""

import json
import select
import socket
from collections.abc import Callable
from typing import Any

from engineroom.keeper import log
from engineroom.keeper.calls import CallError, Calls
from engineroom.keeper.process import JsonObject

_READ_BYTES = 256 * 1024
_LONGEST_REQUEST_BYTES = 64 * 1024 * 1024
_LONGEST_BACKLOG_BYTES = 64 * 1024 * 1024
"""A watcher that lets so much wait is let go; it comes back and reads the journal."""


class Connection:
    """One client."""

    def __init__(
        self, stream: socket.socket, epoll: select.epoll, calls: Calls, closed: Callable[[int], None]
    ) -> None:
        self._stream = stream
        self._epoll = epoll
        self._calls = calls
        self._closed = closed
        self._received = bytearray()
        self._waiting = bytearray()
        self._is_open = True
        self._wants_write = False
        stream.setblocking(False)
        epoll.register(stream, select.EPOLLIN)

    def ready(self, mask: int) -> None:
        """Read and write what can be read and written now."""
        try:
            if mask & select.EPOLLOUT:
                self.flush()
            if mask & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._read()
        except OSError:
            self.close()

    def send(self, line: bytes) -> None:
        """Have a line sent when the loop flushes."""
        if not self._is_open:
            return
        self._waiting += line
        if len(self._waiting) > _LONGEST_BACKLOG_BYTES:
            log.write("warning", "client.slow", "A client reads too slowly, and is let go.")
            self.close()

    def flush(self) -> None:
        """Send what waits, as far as the client takes it."""
        if not self._is_open:
            return
        try:
            if self._waiting:
                del self._waiting[: self._stream.send(self._waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if bool(self._waiting) != self._wants_write:
            self._wants_write = bool(self._waiting)
            self._epoll.modify(self._stream, select.EPOLLIN | (select.EPOLLOUT if self._wants_write else 0))

    def close(self) -> None:
        """Let the client go."""
        if self._is_open:
            self._is_open = False
            self._calls.unwatch(self.send)
            descriptor = self._stream.fileno()
            self._epoll.unregister(self._stream)
            self._stream.close()
            self._closed(descriptor)

    def _read(self) -> None:
        try:
            data = self._stream.recv(_READ_BYTES)
        except BlockingIOError:
            return
        self._received += data
        if not data or len(self._received) > _LONGEST_REQUEST_BYTES:
            self.close()
            return
        if b"\n" not in data:
            return
        *lines, rest = self._received.split(b"\n")
        self._received = rest
        for line in lines:
            self._answer(line)

    def _answer(self, line: bytearray) -> None:
        request: JsonObject = {}
        try:
            request = json.loads(line)
            result = self._calls.call(request, self.send)
            self._reply({"id": request.get("id"), "result": result})
        except CallError as error:
            self._reply({"id": request.get("id"), "error": str(error)})
        except (ValueError, AttributeError, RecursionError):
            self._reply({"id": None, "error": "a request must be a JSON object on one line"})
        self._calls.after_answer(self.send)

    def _reply(self, answer: dict[str, Any]) -> None:
        self.send(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
