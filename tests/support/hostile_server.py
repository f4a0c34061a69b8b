"""A server that answers whoever connects with whatever a test says, instead of what its protocol asks for."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]


@dataclass
class HostileServer:
    """Where it listens, and what was said to it."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextlib.contextmanager
def hostile_server(answer: Answer, host: str = "127.0.0.1", *, hears: bool = True) -> Iterator[HostileServer]:
    """Have each connection answered by `answer`, in a thread of its own; yield the server.

    It first `hears` what is said, or leaves that to `answer`.
    """
    with socket.create_server((host, 0)) as listening:
        server = HostileServer(listening.getsockname()[1])
        threading.Thread(target=_take, args=(listening, server, answer, hears), daemon=True).start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)


def _take(listening: socket.socket, server: HostileServer, answer: Answer, hears: bool) -> None:
    with contextlib.suppress(OSError):
        while True:
            connected, _ = listening.accept()
            server.connections += 1
            threading.Thread(
                target=_serve, args=(connected, server if hears else None, answer), daemon=True
            ).start()


def _serve(connected: socket.socket, server: HostileServer | None, answer: Answer) -> None:
    with connected, contextlib.suppress(OSError):
        if server is not None:
            connected.settimeout(1)
            with contextlib.suppress(TimeoutError):  # a server that speaks first hears nothing
                server.heard.append(connected.recv(65536))
            connected.settimeout(None)
        answer(connected)


def endless(begin: bytes, again: bytes) -> Answer:
    """Return an answer that never ends, as fast as it is taken."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(begin)
        while True:
            connected.sendall(again)

    return answer


def drip(words: bytes) -> Answer:
    """Return an answer that is so slow that it never ends, and never makes a pause that is long."""

    def answer(connected: socket.socket) -> None:
        while True:
            for byte in words:
                connected.sendall(bytes([byte]))
                time.sleep(0.2)

    return answer


def said(words: bytes) -> Answer:
    """Return an answer that is said once, for each thing that is asked."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(words)
        while connected.recv(65536):
            connected.sendall(words)

    return answer
