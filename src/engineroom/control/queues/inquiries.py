"""What applications say of themselves when they are asked, remembered until their files change."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from engineroom.control.queues.turns import Turns
from engineroom.queues.finding import Told
from engineroom.queues.laravel import asking
from engineroom.sandbox import Account, Sandbox, SandboxError, TaskLimits, Tenant, TenantCommand

_ASKED_AT_A_TIME = 4
"""Each boots an application, which takes a processor for a moment; one of each user's, whose next ones may hang as well."""
_LONG_SECONDS = 10.0
"""A boot takes some tenths of a second, and on a busy host a few."""
_FAILED_AGAIN_SECONDS = 300.0
_ASKED_AGAIN_SECONDS = 3600.0
"""Something that no file tells may change too."""
_FORGOTTEN_SECONDS = 120.0

_MIB = 1024 * 1024
_LIMITS = TaskLimits(
    seconds=30.0,
    cpu_seconds=15,
    memory_bytes=1024 * _MIB,
    # It writes into its own log, however long that is already.
    file_bytes=1 << 40,
    open_files=1024,
    processes=16,
    answer_bytes=_MIB,
)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedApplication:
    """Whom to ask: whose code in which folder, with which variables and `--env`, by which PHP."""

    tenant: Tenant
    variables: tuple[tuple[str, str], ...]
    environment: str | None = None
    php: str = "php"
    umask: int = 0o022


@dataclass(slots=True)
class _KnownAnswer:
    """`used_at` and `asked_at` are of a clock that only goes forward."""

    told: Told | None = None
    asked_at: float = 0.0
    used_at: float = 0.0
    failed: bool = False
    complained_of: str = ""
    asking: asyncio.Task[Told] | None = None


class Inquiries:
    """Asks applications, a few at a time, and each once however many want to know."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._turns = Turns(_ASKED_AT_A_TIME, long_seconds=_LONG_SECONDS)
        self._known: dict[AskedApplication, _KnownAnswer] = {}

    def told(self, application: AskedApplication) -> Told | None:
        """Return what it said last; None when it is time to ask it, whether its files have changed or not."""
        known, now = self._of(application), time.monotonic()
        due = _FAILED_AGAIN_SECONDS if known.failed else _ASKED_AGAIN_SECONDS
        return known.told if now - known.asked_at < due else None

    async def ask(self, application: AskedApplication, fingerprint: str, account: Account) -> Told:
        """Ask it, whose files are as this fingerprint says, and return what it says, or why it cannot be asked.

        It is this user's, whose others wait meanwhile.
        """
        known = self._of(application)
        if known.told is not None and known.told.fingerprint == fingerprint and self.told(application):
            return known.told
        if known.asking is None:
            known.asking = asyncio.create_task(self._ask(application, known, fingerprint, account))
        return await asyncio.shield(known.asking)

    def failed(self, application: AskedApplication, why: str) -> None:
        """Know that its answer was none: it is asked again after a while, and told of once."""
        known = self._of(application)
        known.failed = True
        if known.complained_of != why:
            known.complained_of = why
            _log.warning(
                "Cannot ask an application where its queues are; its files are read instead.",
                action="application.unasked",
                folder=application.tenant.folder,
                reason=why,
            )

    def forget_unused(self) -> None:
        """Drop what nobody wanted to know lately."""
        limit = time.monotonic() - _FORGOTTEN_SECONDS
        self._known = {
            application: known
            for application, known in self._known.items()
            if known.used_at > limit or known.asking is not None
        }

    async def close(self) -> None:
        """Ask nothing any more."""
        asking = [known.asking for known in self._known.values() if known.asking is not None]
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        self._known.clear()

    def _of(self, application: AskedApplication) -> _KnownAnswer:
        known = self._known.setdefault(application, _KnownAnswer())
        known.used_at = time.monotonic()
        return known

    async def _ask(
        self, application: AskedApplication, known: _KnownAnswer, fingerprint: str, account: Account
    ) -> Told:
        try:
            async with self._turns.taken(account):
                known.told = Told(fingerprint, await self._answer(application))
                known.asked_at, known.failed = time.monotonic(), False
                return known.told
        finally:
            known.asking = None

    async def _answer(self, application: AskedApplication) -> str:
        mark = secrets.token_hex(16)
        words = asking.command(
            mark, php=application.php, environment=application.environment, umask=application.umask
        )
        variables: Mapping[str, str] = dict(application.variables)
        command = TenantCommand(argv=words, folder=application.tenant.folder, variables=variables)
        try:
            ran = await self._sandbox.run(command, application.tenant, _LIMITS)
            return asking.answer(ran.output, mark)
        except (SandboxError, asking.NotAskedError) as error:
            return asking.refusal(str(error))
