"""A proxy in front of a server that can swallow everything, as a firewall or a hung host does."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

_LOOK_SECONDS = 0.02


class BlackHole:
    """Passes on what it gets while `passes` is set; else connections are accepted, and nothing is answered."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.passes = threading.Event()
        self.passes.set()
        self._ending = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._other: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join()
        for each in (self._listener, *self._other):
            each.close()

    def _work(self) -> None:
        while not self._ending.is_set():
            if not self.passes.wait(_LOOK_SECONDS):
                continue
            ready, _, _ = select.select([self._listener, *self._other], [], [], _LOOK_SECONDS)
            for each in ready:
                self._accept() if each is self._listener else self._pass(each)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._to))
        self._other |= {client: server, server: client}

    def _pass(self, one: socket.socket) -> None:
        if one not in self._other:
            return
        content = b""
        with contextlib.suppress(OSError):
            content = one.recv(65536)
            self._other[one].sendall(content)
        if not content:
            for each in (one, self._other[one]):
                del self._other[each]
                each.close()


@contextlib.contextmanager
def black_hole(to: int) -> Iterator[BlackHole]:
    """Run a proxy to a port for as long as the block lasts."""
    made = BlackHole(to)
    try:
        yield made
    finally:
        made.stop()
