"""The server's side: what is asked of processes that have a tenant's rights."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec

from engineroom.sandbox.errors import RanOutError, SandboxError
from engineroom.sandbox.launcher import TaskLauncher
from engineroom.sandbox.limits import TaskLimits
from engineroom.sandbox.messages import Failure, TaskAnswer
from engineroom.sandbox.program import NOT_EXECUTED, PROGRAM, Ran, TenantCommand
from engineroom.sandbox.running import GRACE_SECONDS, Running
from engineroom.sandbox.task import Answered, Asked, Question, Service
from engineroom.sandbox.tenant import Account, Tenant

_BEGINNING_SECONDS = 10.0
"""A service lives long, but it must soon be there: whose it is, is looked up first, in a folder that may not answer."""
_answers = msgspec.json.Decoder(TaskAnswer | Failure)


class Sandbox:
    """Asks, runs and serves with the rights of tenants, within limits. Every error is a SandboxError, in words.

    Who may run what where is in the list of the keeper's folder; without one the owner of a folder is who it belongs to.
    """

    def __init__(self, keeper: str | None = None) -> None:
        self._launcher = TaskLauncher(keeper)

    async def ask(
        self, question: Question[Asked, Answered], asked: Asked, tenant: Tenant
    ) -> tuple[Account, Answered]:
        """Return the answer, and who the tenant is."""
        limits = question.limits
        async with (
            self._within(limits),
            Running(self._launcher, question.name, tenant, limits) as running,
        ):
            await running.send(msgspec.json.encode(asked))
            message = await running.receive()
            if message is None:
                raise await running.why()
            return running.account, _answer(message, question.answers)

    async def run(
        self, command: TenantCommand, tenant: Tenant, limits: TaskLimits, given: bytes = b""
    ) -> Ran:
        """Run a program that reads what is `given`, and return what it printed; its errors go nowhere."""
        async with (
            self._within(limits),
            Running(self._launcher, PROGRAM.name, tenant, limits) as running,
        ):
            await running.send(msgspec.json.encode(command))
            output = (await asyncio.gather(running.output(), running.give(given)))[0]
            ended = await running.ended()
            if ended.late or ended.code < 0:
                raise await running.why()
            if ended.code == NOT_EXECUTED:
                raise SandboxError(f"{command.argv[0]} cannot be executed in {command.folder}")
            return Ran(output, ended.code)

    async def start(self, service: Service, tenant: Tenant, modules: tuple[str, ...] = ()) -> Running:
        """Start a service, and return it begun; whoever asked ends it. `modules` are what it will import."""
        running = Running(self._launcher, service.name, tenant, service.limits, modules)
        try:
            async with asyncio.timeout(_BEGINNING_SECONDS):
                await running.begin()
        except TimeoutError:
            raise RanOutError(
                f"looking at {tenant.folder} took longer than {_BEGINNING_SECONDS:g} s"
            ) from None
        return running

    async def close(self) -> None:
        """End everything."""
        await self._launcher.close()

    @contextlib.asynccontextmanager
    async def _within(self, limits: TaskLimits) -> AsyncIterator[None]:
        """Wait no longer than the fork server lets anything run: when it does not, it is replaced."""
        try:
            async with asyncio.timeout(limits.seconds + GRACE_SECONDS):
                yield
        except TimeoutError:
            self._launcher.replace()
            raise RanOutError(f"it took longer than {limits.seconds:g} s") from None


def _answer(message: bytes, type: type[Answered]) -> Answered:
    try:
        found = _answers.decode(message)
        if isinstance(found, TaskAnswer):
            return msgspec.json.decode(found.value, type=type)
    except msgspec.DecodeError as error:
        raise SandboxError(f"its answer makes no sense: {error}") from None
    raise SandboxError(found.why)
