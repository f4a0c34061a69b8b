"""The keeper's loop: one epoll over its socket, its clients, its dead children and the adopted ones."""

import os
import select
import signal
import socket
from collections.abc import Callable

from engineroom.keeper.calls import Calls
from engineroom.keeper.server import Connection
from engineroom.keeper.supervisor import Supervisor


class Loop:
    """Runs until it is told to stop, or until a shutdown has drained everything."""

    def __init__(self, supervisor: Supervisor, calls: Calls, listener: socket.socket) -> None:
        self._supervisor = supervisor
        self._calls = calls
        self._listener = listener
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._connections: dict[int, Connection] = {}
        self._stopping = False
        self._wakeup_reader, self._wakeup_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Supervise. Returns with every child still running, unless a shutdown drained them."""
        self._start()
        while not self._stopping:
            pause = self._supervisor.turn()
            for connection in list(self._connections.values()):
                connection.flush()
            if self._calls.shutting_down and not self._supervisor.processes:
                return
            for descriptor, mask in self._epoll.poll(pause):
                handler = self._handlers.get(descriptor)
                if handler is not None:
                    handler(mask)

    def _start(self) -> None:
        self._register(self._wakeup_reader, self._woken)
        self._listener.setblocking(False)
        self._register(self._listener.fileno(), self._accept)
        for process in self._supervisor.processes.values():
            if process.pidfd is not None:
                self._watch_adopted(process.id, process.pidfd)
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._supervisor.reap()

    def _register(self, descriptor: int, handler: Callable[[int], None]) -> None:
        self._handlers[descriptor] = handler
        self._epoll.register(descriptor, select.EPOLLIN)

    def _woken(self, mask: int) -> None:  # noqa: ARG002
        os.read(self._wakeup_reader, 4096)
        self._supervisor.reap()

    def _accept(self, mask: int) -> None:  # noqa: ARG002
        try:
            stream, _ = self._listener.accept()
        except OSError:
            return
        descriptor = stream.fileno()
        connection = Connection(stream, self._epoll, self._calls, self._closed)
        self._connections[descriptor] = connection
        self._handlers[descriptor] = connection.ready

    def _closed(self, descriptor: int) -> None:
        del self._connections[descriptor]
        del self._handlers[descriptor]

    def _watch_adopted(self, process_id: str, pidfd: int) -> None:
        def ended(mask: int) -> None:  # noqa: ARG001
            self._epoll.unregister(pidfd)
            del self._handlers[pidfd]
            process = self._supervisor.processes.get(process_id)
            if process is not None and process.pidfd == pidfd:
                self._supervisor.adopted_ended(process)

        self._register(pidfd, ended)

    def _stop(self, number: int, frame: object) -> None:  # noqa: ARG002
        self._stopping = True


def _note(number: int, frame: object) -> None:
    """Let the signal reach the wakeup pipe; without a handler Python would not write to it."""
