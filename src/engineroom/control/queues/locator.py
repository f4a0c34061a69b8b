"""Where each background process takes its jobs from, found again now and then, as an application may change it."""

import asyncio
import time
from dataclasses import dataclass

from engineroom.control.queues.inquiries import AskedApplication, Inquiries
from engineroom.control.workloads import application_variables
from engineroom.model.applications.variables import unreadable
from engineroom.model.processes import command_line
from engineroom.model.queue import Unknown
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.queues.base import UnmeasurableError
from engineroom.queues.discovery import QueueLocation
from engineroom.queues.finding import FIND, Sought, Told
from engineroom.sandbox import Account, Sandbox, SandboxError, Tenant
from engineroom.store.queries.wanted import Wanted

FOUND_AGAIN_SECONDS = 15.0
_FORGOTTEN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class LocatedQueues:
    """Where queues are, and the user who found that: nobody else measures them."""

    location: QueueLocation
    account: Account
    tenant: Tenant


@dataclass(frozen=True, slots=True)
class _Key:
    connection: str | None
    queue: str | None
    laravels: bool
    application: AskedApplication

    def sought(self, told: Told | None, *, just_now: bool = False) -> Sought:
        return Sought(
            folder=self.application.tenant.folder,
            variables=dict(self.application.variables),
            connection=self.connection,
            queues=self.queue,
            laravels=self.laravels,
            environment=self.application.environment,
            told=told,
            just_now=just_now,
        )


@dataclass(slots=True)
class _KnownLocation:
    finding: asyncio.Task[LocatedQueues | Unknown]
    begun_at: float
    asked_at: float
    before: LocatedQueues | Unknown | None = None


class QueueLocator:
    """Remembers what was found. Who asks waits no longer than `patience_seconds`, whatever an application's files do."""

    def __init__(
        self, sandbox: Sandbox, *, patience_seconds: float, found_again_seconds: float = FOUND_AGAIN_SECONDS
    ) -> None:
        self._sandbox = sandbox
        self._found_again_seconds = found_again_seconds
        self._patience_seconds = patience_seconds
        self._inquiries = Inquiries(sandbox)
        self._known: dict[_Key, _KnownLocation] = {}

    async def of(self, row: Wanted, settings: ScalingSettings) -> LocatedQueues | Unknown:
        """Return where its queues are; unknown, with what to do, when that cannot be told."""
        if row.directory is None:
            return Unknown("its environment has no folder; send directory in a PATCH of the environment")
        if reason := unreadable(row.variables):
            return Unknown(f"a variable of its environment cannot be read: {reason}")
        connection, queue = _asked(row, settings)
        key = _Key(
            connection=connection,
            queue=queue,
            laravels=row.background_process.config is not None,
            application=_application(row, row.directory),
        )
        known = self._looked_for(key, time.monotonic())
        await asyncio.wait([known.finding], timeout=self._patience_seconds)
        if known.finding.done():
            return known.finding.result()
        return known.before or Unknown("its application is being asked where its queues are")

    def forget_unused(self) -> None:
        """Drop what was not looked for lately."""
        self._inquiries.forget_unused()
        limit = time.monotonic() - _FORGOTTEN_SECONDS
        unused = [
            key for key, known in self._known.items() if known.asked_at < limit and known.finding.done()
        ]
        for key in unused:
            del self._known[key]

    async def close(self) -> None:
        """Look for nothing any more."""
        finding = [known.finding for known in self._known.values()]
        for task in finding:
            task.cancel()
        await asyncio.gather(*finding, return_exceptions=True)
        self._known.clear()
        await self._inquiries.close()

    def _looked_for(self, key: _Key, now: float) -> _KnownLocation:
        known = self._known.get(key)
        if known is None or (known.finding.done() and now - known.begun_at > self._found_again_seconds):
            before = known.finding.result() if known else None
            known = _KnownLocation(
                asyncio.create_task(self._find(key)), begun_at=now, asked_at=now, before=before
            )
            self._known[key] = known
        known.asked_at = now
        return known

    async def _find(self, key: _Key) -> LocatedQueues | Unknown:
        application = key.application
        try:
            account, found = await self._sandbox.ask(
                FIND, key.sought(self._inquiries.told(application)), application.tenant
            )
            if found.ask:
                told = await self._inquiries.ask(application, found.fingerprint, account)
                account, found = await self._sandbox.ask(
                    FIND, key.sought(told, just_now=True), application.tenant
                )
            if found.unasked:
                self._inquiries.failed(application, found.unasked)
            return LocatedQueues(found.location(), account, application.tenant)
        except UnmeasurableError as error:
            return Unknown(str(error))
        except SandboxError as error:
            return Unknown(f"cannot read what tells where its queues are: {error}")


def _asked(row: Wanted, settings: ScalingSettings) -> tuple[str | None, str | None]:
    config = row.background_process.config
    if config is not None:
        return config.connection, config.queue
    return settings.connection, settings.queue


def _application(row: Wanted, directory: str) -> AskedApplication:
    """Return its application, which is to be asked as a worker would be started."""
    environment, php = _told_by(row.background_process.command)
    return AskedApplication(
        tenant=Tenant(folder=directory, os_user=row.os_user),
        variables=tuple(application_variables(row).items()),
        environment=environment,
        php=php,
        umask=0o022 if row.umask is None else row.umask,
    )


def _told_by(command: str) -> tuple[str | None, str]:
    """Return what a command of the framework is given as `--env`, and by which PHP it is run."""
    words = command_line.parse(command).argv
    names = [word.rpartition("/")[2] for word in words]
    if "artisan" not in names:
        return None, "php"
    php = words[0] if names[0].startswith("php") else "php"
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--env="):
            return word.removeprefix("--env=") or None, php
        if word == "--env":
            return following or None, php
    return None, php
