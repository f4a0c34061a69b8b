"""One process that measures, as the server sees it."""

import asyncio
import itertools
import time

import msgspec

from engineroom.queues.base import QueueConnection
from engineroom.queues.isolated.service import LIFETIME_SECONDS, SERVICE
from engineroom.queues.isolated.wire import Beginning, Forget, Measure, Reply, wired
from engineroom.sandbox import Account, Running, Sandbox, SandboxError, Tenant

_GRACE_SECONDS = 2.0
_answers = msgspec.json.Decoder(Reply)


class LostError(Exception):
    """The process died, hung or made no sense before it answered."""


class MeasuringProcess:
    """Asks one process; it is begun by `start`, and ended by `end` or by what goes wrong."""

    def __init__(self, running: Running, answer_seconds: float) -> None:
        self._running = running
        self._answer_seconds = answer_seconds
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._old_at = time.monotonic() + LIFETIME_SECONDS
        self._listening = asyncio.create_task(self._listen())
        self.retiring = False
        self.reason = ""

    @classmethod
    async def start(
        cls, sandbox: Sandbox, tenant: Tenant, modules: tuple[str, ...], beginning: Beginning
    ) -> "MeasuringProcess":
        """Start one. Raises SandboxError."""
        running = await sandbox.start(SERVICE, tenant, modules)
        await running.send(msgspec.json.encode(beginning))
        return cls(running, beginning.answer_seconds)

    @property
    def account(self) -> Account:
        """Whom it runs as."""
        return self._running.account

    @property
    def usable(self) -> bool:
        """Whether it takes another question."""
        return not (self.retiring or self._listening.done() or time.monotonic() >= self._old_at)

    async def measure(self, connection: QueueConnection, queue: str, *, seen: bool) -> Reply:
        """Return what it tells of a queue. Raises LostError."""
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        request = Measure(number=number, connection=wired(connection), queue=queue, seen=seen)
        try:
            async with asyncio.timeout(self._answer_seconds + _GRACE_SECONDS):
                await self._running.send(msgspec.json.encode(request))
                told: Reply = await answer
                return told
        except TimeoutError:
            # It answers within its own time when it can.
            self.end("it does not answer")
            raise LostError(self.reason) from None
        finally:
            self._asked.pop(number, None)
            self._end_if_done()

    async def forget(self, connection: QueueConnection) -> None:
        """Have it disconnect from a server."""
        if self.usable:
            await self._running.send(msgspec.json.encode(Forget(wired(connection))))

    def retire(self) -> None:
        """Ask it nothing more, and end it when it has answered."""
        self.retiring = True
        self._end_if_done()

    def end(self, reason: str) -> None:
        """End it; whoever waits for an answer gets none."""
        self.retiring = True
        self.reason = self.reason or reason
        self._listening.cancel()
        self._running.end()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(LostError(self.reason))

    def _end_if_done(self) -> None:
        if self.retiring and not self._asked:
            self.end("")

    async def _listen(self) -> None:
        try:
            while message := await self._running.receive():
                measured = _answers.decode(message)
                answer = self._asked.get(measured.number)
                if answer is not None and not answer.done():
                    answer.set_result(measured)
            reason = str(await self._running.why())
        except (SandboxError, msgspec.DecodeError) as error:
            reason = str(error)
        self.end(reason)
