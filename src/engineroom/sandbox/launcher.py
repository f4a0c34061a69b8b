"""Starts the fork server when it is first needed, gives it orders, and hears from it what has ended."""

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
import time

import msgspec
import structlog

from engineroom.sandbox.errors import SandboxError
from engineroom.sandbox.limits import TaskLimits
from engineroom.sandbox.messages import End, Ended, TaskLaunch
from engineroom.sandbox.tenant import Tenant

_KEPT_VARIABLES = ("PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
_DEFAULTS = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
_REST_SECONDS = 1.0
_MAX_NEWS_BYTES = 4096
_GONE = Ended(number=0, code=-9)
_news = msgspec.json.Decoder(Ended)
_log = structlog.get_logger()


class TaskLauncher:
    """Has one fork server, and another one when that is gone. Used from one event loop.

    The keeper's folder has the list of who may run what where.
    """

    def __init__(self, keeper: str | None) -> None:
        self._keeper = keeper
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._numbers = itertools.count(1)
        self._ended: dict[int, asyncio.Future[Ended]] = {}
        self._rests_until = 0.0

    def launch(
        self, task: str, tenant: Tenant, limits: TaskLimits, modules: tuple[str, ...], theirs: socket.socket
    ) -> tuple[int, asyncio.Future[Ended]]:
        """Begin a task that has this socket; return its number, and the future of its end. Raises SandboxError."""
        number = next(self._numbers)
        order = TaskLaunch(
            number=number,
            task=task,
            tenant=tenant,
            limits=limits,
            modules=modules,
            keeper=self._keeper,
        )
        control = self._control or self._start()
        ended = self._ended[number] = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(control, [msgspec.json.encode(order)], [theirs.fileno()])
        except OSError as error:
            self._ended.pop(number)
            self.replace()
            raise SandboxError(f"cannot begin a process of its owner's: {error}; trying again soon") from None
        return number, ended

    def end(self, number: int) -> None:
        """Kill a task, if it is still there."""
        if number in self._ended and self._control is not None:
            try:
                self._control.send(msgspec.json.encode(End(number)))
            except OSError:
                self.replace()

    def replace(self) -> None:
        """Kill the fork server, and with it every task: it does not do what it should. Another one starts when needed."""
        if self._control is None or self._process is None:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        self._process.kill()
        self._process.wait()
        for number in list(self._ended):
            self._tell(number, _GONE)

    async def close(self) -> None:
        """End the fork server and its tasks."""
        if self._control is None or self._process is None:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        # It kills what runs, and what that left behind, when it is hung up on.
        self._control.shutdown(socket.SHUT_WR)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while self._process.poll() is None:  # noqa: ASYNC110 - nothing tells that it has ended
                    await asyncio.sleep(0.01)
        self.replace()

    def _start(self) -> socket.socket:
        now = time.monotonic()
        if now < self._rests_until:
            raise SandboxError(
                "the helper process that reads what belongs to others has just ended; trying again soon"
            )
        self._rests_until = now + _REST_SECONDS
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "engineroom.sandbox", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_DEFAULTS | {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
                cwd="/",
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._control = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)
        return ours

    def _hear(self) -> None:
        assert self._control is not None, "it is not read from when it is closed"
        try:
            message = self._control.recv(_MAX_NEWS_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if message:
            ended = _news.decode(message)
            self._tell(ended.number, ended)
            return
        _log.warning("The sandbox has ended; it starts again when it is needed.", action="sandbox.ended")
        self.replace()

    def _tell(self, number: int, ended: Ended) -> None:
        waiting = self._ended.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(ended)
