"""The keeper's socket: one JSON object a line in both directions.

A request is `{"id": …, "call": NAME, …}`, its answer `{"id": …, "result": …}` or `{"id": …, "error": TEXT}`. The first one
is the greeting (see `greeting`). Whoever sends a line that is no request is hung up on, so that nobody gets one through
between other bytes; one who has greeted is told `{"refused": REASON}` before. A client that called `watch` also gets each
event as the journal has it, a line that begins with its `sequence`.
"""

import json
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from engineroom.keeper import greeting, log
from engineroom.keeper.calls import CallError, Calls
from engineroom.keeper.greeting import GreetingError, Secret
from engineroom.keeper.processes.process import JsonObject

_READ_BYTES = 256 * 1024
_MAX_REQUEST_BYTES = 64 * 1024 * 1024
_MAX_BACKLOG_BYTES = 64 * 1024 * 1024
"""A watcher that lets so much wait is let go; it comes back and reads the journal."""

_MAX_STUCK_SECONDS = 30.0
"""So long a client may read nothing of what waits for it: it was stopped, or hangs."""

_hung_up = log.Seldom("client.hung_up", "A client did not speak the protocol, and was hung up on.")


class NotARequestError(Exception):
    """A line is no request, and why."""


class Connection:
    """One client. `closed` is called with its descriptor when it is gone, `greeted` when it has said who it is."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        stream: socket.socket,
        epoll: select.epoll,
        calls: Calls,
        secret: Secret,
        greeted: Callable[[int], None],
        closed: Callable[[int], None],
    ) -> None:
        self._stream = stream
        self._epoll = epoll
        self._calls = calls
        self._secret = secret
        self._greeted = greeted
        self._closed = closed
        self._received = bytearray()
        self._waiting = bytearray()
        self._is_open = True
        self._has_greeted = False
        self._wants_write = False
        self._stuck_since: float | None = None
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
        if len(self._waiting) > _MAX_BACKLOG_BYTES:
            log.write("warning", "client.slow", "A client reads too slowly, and is let go.")
            self.close()

    def flush(self) -> None:
        """Send what waits, as far as the client takes it."""
        if not self._is_open:
            return
        try:
            if self._waiting:
                del self._waiting[: self._stream.send(self._waiting)]
            self._stuck_since = None
        except BlockingIOError:
            self._stuck_since = self._stuck_since or time.monotonic()
            if time.monotonic() - self._stuck_since > _MAX_STUCK_SECONDS:
                log.write("warning", "client.stuck", "A client reads nothing for too long, and is let go.")
                self.close()
                return
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

    def hang_up(self, reason: str) -> None:
        """Let go of a client that does not speak the protocol, with what it was already answered, and why."""
        _hung_up.write(reason)
        if self._has_greeted:
            self._reply({"refused": reason})
        self.flush()
        self.close()

    def _read(self) -> None:
        if not self._is_open:
            return
        try:
            data = self._stream.recv(_READ_BYTES)
        except BlockingIOError:
            return
        self._received += data
        if not data:
            self.close()
        elif b"\n" in data:
            *lines, rest = self._received.split(b"\n")
            self._received = rest
            for line in lines:
                if self._is_open:
                    self._take(line)
        if len(self._received) > (_MAX_REQUEST_BYTES if self._has_greeted else greeting.MAX_BYTES):
            self.hang_up("its request is too long")

    def _take(self, line: bytearray) -> None:
        try:
            self._answer(_request(line) if self._has_greeted else self._greeting(line))
        except (NotARequestError, GreetingError) as error:
            self.hang_up(str(error))

    def _greeting(self, line: bytearray) -> JsonObject:
        """Return the client's first request. Raises GreetingError, after what the client is told of it."""
        try:
            request = greeting.check(line, self._secret.read())
        except GreetingError as error:
            if error.answer is not None:
                self._reply(error.answer)
            raise
        except OSError as error:
            raise GreetingError(f"the secret can be neither read nor made: {error}") from None
        self._has_greeted = True
        self._greeted(self._stream.fileno())
        return request

    def _answer(self, request: JsonObject) -> None:
        try:
            self._reply({"id": request["id"], "result": self._calls.call(request, self.send)})
        except CallError as error:
            self._reply({"id": request["id"], "error": str(error)})
        self._calls.after_answer(self.send)

    def _reply(self, answer: dict[str, Any]) -> None:
        self.send(json.dumps(answer, separators=(",", ":")).encode() + b"\n")


def _request(line: bytearray) -> JsonObject:
    """Return the request in a line. Raises NotARequestError."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise NotARequestError("a line of it is no JSON") from None
    if not isinstance(request, dict) or not isinstance(request.get("call"), str):
        raise NotARequestError("a line of it names no call")
    if type(request.get("id")) is not int:
        raise NotARequestError("a request of it has no number")
    return request
