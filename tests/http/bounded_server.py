"""A server of an application of a few lines, with limits of a test's own, in a thread of this process."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from engineroom.http.bounds import Bounds, Peers
from engineroom.http.protocol import BoundedProtocol, Shared
from engineroom.http.proxies import Proxies
from tests.support.waiting import patient

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with how long the body was; `/at-once` without reading it, `/flood` with more than anybody takes."""
    length = 0
    while scope["path"] != "/at-once":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while scope["path"] == "/flood":
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        # What was closed takes everything at once.
        await asyncio.sleep(0)
        if scope["state"].get("ended"):
            return
    await send({"type": "http.response.body", "body": str(length).encode()})


class BoundedServer:
    """Where it listens, and what it has taken."""

    def __init__(self, bounds: Bounds, peers: Peers) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.peers = peers
        shared = Shared(bounds, peers, Proxies())
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                loop="none",
                http=partial(BoundedProtocol, shared=shared),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=10,
            )
        )
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=patient(30))

    def ask(self, content: bytes) -> bytes:
        """Return all that is answered until the other end hangs up."""
        with self.connect() as connection:
            with suppress(ConnectionError):
                connection.sendall(content)
            return read_all(connection)

    def answers(self) -> bool:
        """Return whether an ordinary request is answered."""
        with self.connect() as connection:
            connection.sendall(GET)
            return connection.recv(100).startswith(b"HTTP/1.1 200")


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other end hangs up."""
    found = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            found += part
    return found


@contextmanager
def bounded_server(bounds: Bounds | None = None, *, most: int = 1000) -> Iterator[BoundedServer]:
    """Run a server for as long as the block lasts."""
    server = BoundedServer(bounds or Bounds(), Peers(most))
    server.start()
    try:
        yield server
    finally:
        server.stop()
