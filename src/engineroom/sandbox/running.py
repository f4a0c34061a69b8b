"""A task that is under way, as the server sees it."""

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Self

import msgspec

from engineroom.sandbox.errors import RanOutError, SandboxError
from engineroom.sandbox.frames import FrameError, framed, receive
from engineroom.sandbox.launcher import TaskLauncher
from engineroom.sandbox.limits import OUT_OF_MEMORY, TaskLimits
from engineroom.sandbox.messages import Ended, Refused, Started
from engineroom.sandbox.tenant import Account, Tenant

GRACE_SECONDS = 10.0
"""So long after its time the fork server has killed a task, unless something is wrong with the fork server itself."""
_beginnings = msgspec.json.Decoder(Started | Refused)


class Running:
    """A task; use it in an `async with` statement, at whose end it is over."""

    account: Account
    """Whom it runs as. It says so before it looks at anything of a tenant's."""

    def __init__(
        self,
        launcher: TaskLauncher,
        task: str,
        tenant: Tenant,
        limits: TaskLimits,
        modules: tuple[str, ...] = (),
    ) -> None:
        self._launcher = launcher
        self._what = (task, tenant, limits, modules)
        self._limits = limits
        self._writing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    async def begin(self) -> None:
        """Start it. Raises SandboxError when it cannot be, with the reason."""
        task, tenant, limits, modules = self._what
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._number, self._ended = self._launcher.launch(task, tenant, limits, modules, theirs)
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        try:
            await self._hear_who_it_is()
        except BaseException:
            self.end()
            raise

    async def _hear_who_it_is(self) -> None:
        begun = await self.receive()
        if begun is None:
            raise await self.why()
        match _beginnings.decode(begun):
            case Started(uid, gid):
                self.account = Account(uid, gid)
            case Refused(why):
                raise SandboxError(f"cannot look as the user whom it belongs to: {why}")

    def end(self) -> None:
        """Have it killed, if it is still there."""
        self._launcher.end(self._number)
        self._writer.close()

    async def send(self, message: bytes) -> None:
        """Send a message. Raises SandboxError when it takes none any more."""
        async with self._writing:
            self._writer.write(framed(message))
            with contextlib.suppress(ConnectionError):
                await self._writer.drain()

    async def give(self, given: bytes) -> None:
        """Send what is no message, and that there is no more."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(given)
            await self._writer.drain()
            self._writer.write_eof()

    async def receive(self) -> bytes | None:
        """Return its next message; None when it is over. Raises SandboxError for what is none."""
        try:
            return await receive(self._reader, self._limits.answer_bytes)
        except FrameError as error:
            self.end()
            raise SandboxError(str(error)) from None

    async def output(self) -> bytes:
        """Return what it writes until it ends, when that is no message. Raises SandboxError for too much."""
        found = bytearray()
        with contextlib.suppress(ConnectionError):
            while some := await self._reader.read(65536):
                found += some
                if len(found) > self._limits.answer_bytes:
                    self.end()
                    raise RanOutError(f"it printed more than {self._limits.answer_bytes} bytes")
        return bytes(found)

    async def ended(self) -> Ended:
        """Return how it ended, once it has."""
        try:
            async with asyncio.timeout(self._limits.seconds + GRACE_SECONDS):
                return await asyncio.shield(self._ended)
        except TimeoutError:
            self._launcher.replace()
            return await self._ended

    async def why(self) -> SandboxError:
        """Return why it ended before it was done."""
        ended = await self.ended()
        return RanOutError(_reason(ended, self._limits))


def _reason(ended: Ended, limits: TaskLimits) -> str:
    if ended.late:
        return f"it took longer than {limits.seconds:g} s"
    if ended.code < 0 and -ended.code in (9, 24):
        return f"it took more than {limits.cpu_seconds} s of a processor, or more memory than it may take"
    if ended.code == OUT_OF_MEMORY:
        return f"it needs more than {limits.memory_bytes >> 20} MiB of memory"
    if ended.code < 0:
        return f"it was ended by signal {-ended.code}"
    return f"it ended with code {ended.code} and no answer"
