"""The keeper's loop: one epoll over its socket, its clients, its dead children and the adopted ones."""

import contextlib
import errno
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from functools import partial

from engineroom.keeper import failures, greeting, log, resource_limits
from engineroom.keeper.calls import Calls
from engineroom.keeper.folder.mender import Mender
from engineroom.keeper.greeting import Secret, Strangers
from engineroom.keeper.output.poller import OutputPoller
from engineroom.keeper.processes.supervisor import Supervisor
from engineroom.keeper.server import Connection

_AFTER_A_FAILURE_SECONDS = 0.1
"""So long nothing is tried again that has failed: what the loop was woken for may be there still."""

_turned_away = log.Seldom("client.refused", "A client is turned away.")

_CLIENTS_PART = 8
"""Clients may have this part of all descriptors: what would be left of them without a bound, children need to be started."""


class Loop:
    """Runs until it is told to stop or to be upgraded, or until a shutdown has drained everything."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        supervisor: Supervisor,
        poller: OutputPoller,
        calls: Calls,
        mender: Mender,
        listener: socket.socket,
        secret: Secret,
    ) -> None:
        self._supervisor = supervisor
        self._poller = poller
        self._calls = calls
        self._mender = mender
        self._listener = listener
        self._secret = secret
        self._strangers = Strangers()
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._connections: dict[int, Connection] = {}
        self.told_to_stop = False
        """Whether a signal has told the keeper to end."""
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._wakeup_reader, self._wakeup_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Supervise. Returns with every child still running, unless a shutdown drained them."""
        turns = self._supervisor.turn, self._poller.turn, self._strangers.turn, self._mender.turn
        while not self.told_to_stop:
            pauses = [seconds for turn in turns if (seconds := _seconds_of(turn)) is not None]
            pause = min(pauses)
            for connection in list(self._connections.values()):
                connection.flush()
            if self._calls.upgrading or (self._calls.shutting_down and not self._supervisor.processes):
                return
            for descriptor, mask in self._epoll.poll(pause):
                handler = self._handlers.get(descriptor)
                if handler is not None:
                    _go_on(handler, mask)

    def open(self) -> None:
        """Begin to listen: to clients, to signals, and for the ends of processes."""
        self._register(self._wakeup_reader, self._woken)
        self._listen(self._listener)
        self._mender.listen = self._listen_anew
        notices = self._poller.open(self._epoll)
        if notices is not None:
            self._handlers[notices] = self._poller.noticed
        for process in self._supervisor.processes.values():
            if process.pidfd is not None:
                self._watch_adopted(process.id, process.pidfd)
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Whoever started us may have blocked them, and that is inherited too (signal(7)).
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._supervisor.reap()

    def _listen(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._register(listener.fileno(), self._accept)

    def _listen_anew(self, listener: socket.socket) -> None:
        """Listen on another socket: nobody finds the one before any more."""
        descriptor = self._listener.fileno()
        self._epoll.unregister(descriptor)
        del self._handlers[descriptor]
        self._listener.close()
        self._listen(listener)

    def _register(self, descriptor: int, handler: Callable[[int], None]) -> None:
        self._handlers[descriptor] = handler
        self._epoll.register(descriptor, select.EPOLLIN)

    def _woken(self, mask: int) -> None:  # noqa: ARG002
        os.read(self._wakeup_reader, 4096)
        self._supervisor.reap()

    def _accept(self, mask: int) -> None:  # noqa: ARG002
        try:
            stream, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._turn_away()
            return
        if not greeting.may_connect(uid := greeting.peer(stream)):
            stream.close()
            _turned_away.write(f"it is of user {uid}; run what it is as root, or as the keeper's user")
            return
        if len(self._connections) >= resource_limits.open_files() // _CLIENTS_PART:
            _turned_away.write("there are too many")
            if not self._strangers.turn_away_the_first():
                stream.close()
                return
        descriptor = stream.fileno()
        known = self._strangers.known
        connection = Connection(stream, self._epoll, self._calls, self._secret, known, self._closed)
        self._connections[descriptor] = connection
        self._handlers[descriptor] = connection.ready
        self._strangers.came(descriptor, partial(connection.hang_up, "it did not greet in time"))

    def _turn_away(self) -> None:
        """Close a connection for which there is no descriptor: left waiting, it would wake the loop for ever."""
        os.close(self._spare)
        with contextlib.suppress(OSError):
            self._listener.accept()[0].close()
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        _turned_away.write("out of file descriptors; raise their limit")

    def _closed(self, descriptor: int) -> None:
        self._strangers.known(descriptor)
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
        self.told_to_stop = True


def _seconds_of(turn: Callable[[], float | None]) -> float | None:
    """Take a turn, and return after how many seconds it wants the next; soon, when something of it has failed."""
    try:
        return turn()
    except OSError as error:
        failures.report(error)
        return _AFTER_A_FAILURE_SECONDS


def _go_on(handler: Callable[[int], None], mask: int) -> None:
    try:
        handler(mask)
    except OSError as error:
        failures.report(error)
        time.sleep(_AFTER_A_FAILURE_SECONDS)


def _note(number: int, frame: object) -> None:
    """Let the signal reach the wakeup pipe; without a handler Python would not write to it."""
