"""The processes that measure the queues of one user: one for all of them, and one for each that ended it."""

import asyncio
import time
from dataclasses import dataclass, field

from engineroom.queues import registry
from engineroom.queues.base import QueueConnection, UnmeasurableError
from engineroom.queues.isolated.process import LostError, MeasuringProcess
from engineroom.queues.isolated.wire import Beginning, Reply, Unmeasured
from engineroom.queues.networks import Networks
from engineroom.sandbox import Account, Sandbox, SandboxError, Tenant

_FIRST_ALONE_SECONDS = 10.0
_MAX_ALONE_SECONDS = 3600.0


@dataclass(slots=True)
class _Suspect:
    """A connection that was asked about when a process was lost: it is measured alone for a while."""

    times: int = 0
    until: float = 0.0

    def again(self, now: float) -> None:
        self.until = now + min(_MAX_ALONE_SECONDS, _FIRST_ALONE_SECONDS * 2**self.times)
        self.times += 1


@dataclass(slots=True)
class Pool:
    """Measures the queues of one user. Whatever one of his servers does costs the others a second, and other users nothing.

    Which of the questions ended a process, nobody knows. So each of them is put alone to a process of its own from then on,
    one after the other, until it has been answered well for a while; the time is longer each time.
    """

    sandbox: Sandbox
    account: Account
    networks: Networks
    answer_seconds: float
    _shared: MeasuringProcess | None = None
    _modules: frozenset[str] = frozenset()
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    _suspects: dict[QueueConnection, _Suspect] = field(default_factory=dict)
    tenant: Tenant | None = None

    async def measure(self, connection: QueueConnection, queue: str, *, seen: bool) -> Reply:
        """Return what the user's process tells of a queue. Raises UnmeasurableError."""
        suspect = self._suspects.get(connection)
        try:
            if suspect is not None:
                return await self._measure_alone(suspect, connection, queue, seen=seen)
            process = await self._process(registry.modules(connection))
            told = await process.measure(connection, queue, seen=seen)
        except LostError as error:
            self._suspects.setdefault(connection, _Suspect()).again(time.monotonic())
            raise UnmeasurableError(f"the process that measures it was ended: {error}") from None
        except SandboxError as error:
            raise UnmeasurableError(str(error)) from None
        if isinstance(told, Unmeasured) and told.hung:
            self._suspects.setdefault(connection, _Suspect()).again(time.monotonic())
            process.retire()
        return told

    async def forget(self, connection: QueueConnection) -> None:
        """Disconnect from a server."""
        self._suspects.pop(connection, None)
        if self._shared is not None:
            await self._shared.forget(connection)

    def close(self) -> None:
        """End what measures."""
        if self._shared is not None:
            self._shared.end("it is no longer needed")
            self._shared = None

    async def _measure_alone(
        self, suspect: _Suspect, connection: QueueConnection, queue: str, *, seen: bool
    ) -> Reply:
        async with self._alone:
            process = await self._start(registry.modules(connection))
            try:
                told = await process.measure(connection, queue, seen=seen)
            finally:
                process.end("")
        now = time.monotonic()
        if isinstance(told, Unmeasured) and told.hung:
            suspect.again(now)
        elif now >= suspect.until:
            self._suspects.pop(connection, None)
        return told

    async def _process(self, modules: tuple[str, ...]) -> MeasuringProcess:
        """Return the one for all, a fresh one when the present one is old, or may not be able to import what is needed."""
        async with self._starting:
            present = self._shared
            if present is not None and present.usable and self._modules.issuperset(modules):
                return present
            self._modules |= frozenset(modules)
            self._shared = await self._start(tuple(sorted(self._modules)))
            if present is not None:
                present.retire()
            return self._shared

    async def _start(self, modules: tuple[str, ...]) -> MeasuringProcess:
        assert self.tenant is not None, "who asks says for whom"
        beginning = Beginning(
            allowed=tuple(map(str, self.networks.allowed)),
            denied=tuple(map(str, self.networks.denied)),
            answer_seconds=self.answer_seconds,
        )
        process = await MeasuringProcess.start(self.sandbox, self.tenant, modules, beginning)
        if process.account != self.account:
            process.end("")
            raise SandboxError(
                f"{self.tenant.folder} belongs to another user than a moment ago; trying again soon"
            )
        return process
