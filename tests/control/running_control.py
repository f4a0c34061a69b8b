"""A control plane on a real database and a fake runtime."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, update

from engineroom.control.changes import background_processes as changing
from engineroom.control.control_plane import ControlPlane
from engineroom.control.folders.links import Linked, link
from engineroom.control.loops.timings import Timings
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_token_id
from engineroom.model.operation import Operation, OperationStatus
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.token import Ability, Token
from engineroom.runtime.fake import FakeRuntime
from engineroom.store import Store
from engineroom.store.queries import background_processes as stored
from engineroom.store.queries import events, operations
from engineroom.store.queries.access import organizations
from engineroom.store.schema.tables import environments
from engineroom.telemetry import Telemetry
from engineroom.telemetry.alerts.config import AlertSettings
from engineroom.telemetry.logs.blocks.retention import Retention
from tests.runtime.asynchronous import eventually
from tests.store.rows import a_background_process
from tests.support.databases import new_sqlite

T = TypeVar("T")

FAST = Timings(full_pass=0.1, gather=0.002, retry=0.02, check=0.02)
"""Loops that look often, so that tests need not wait."""


@dataclass
class Running:
    """An open control plane, and what tests ask of it."""

    control: ControlPlane
    store: Store
    fake: FakeRuntime
    linked: Linked
    actor: Token

    async def create(self, **fields: Any) -> tuple[BackgroundProcess, Operation]:
        new = a_background_process(self.linked.instance, **fields)
        return await changing.create(self.control, self.actor, new)

    async def update(
        self, of: BackgroundProcess, change: Callable[[BackgroundProcess], BackgroundProcess]
    ) -> Operation:
        _, operation = await changing.update(self.control, self.actor, of.id, change)
        return operation

    async def delete(self, of: BackgroundProcess, *, force: bool = False) -> Operation:
        return await changing.delete(self.control, self.actor, of.id, force=force)

    async def set_environment(self, status: EnvironmentStatus) -> None:
        change = (
            update(environments).where(environments.c.id == self.linked.environment).values(status=status)
        )
        await self.store.write(lambda connection: connection.execute(change).rowcount)

    async def running(self, of: BackgroundProcess, count: int) -> Sequence[Process]:
        """Wait until exactly so many processes are there, all of them running."""

        def look() -> bool:
            found = self.fake.processes(of.id)
            return len(found) == count and {process.state for process in found} <= {ProcessState.RUNNING}

        await eventually(f"{count} processes of {of.id} run", look)
        return self.fake.processes(of.id)

    async def status(self, operation: Operation) -> OperationStatus:
        found = await self.store.read(
            lambda connection: operations.find(connection, self.actor.organization_id, operation.id)
        )
        assert found is not None
        return found.status

    async def finished(self, operation: Operation) -> None:
        for _ in range(1000):
            if await self.status(operation) is OperationStatus.SUCCEEDED:
                return
            await eventually_a_moment()
        raise AssertionError(f"{operation.id} does not finish: {await self.status(operation)}")

    async def tombstones(self) -> list[BackgroundProcessId]:
        return await self.store.read(stored.tombstones)

    async def events(self, of: BackgroundProcess) -> list[Event]:
        """Return the recorded events of its processes, oldest first."""
        scope = events.Scope("background_process", of.id)
        page = await self.store.read(lambda connection: events.page(connection, scope, 1))
        return [event for event in reversed(page.items) if event.kind.startswith("process.")]

    async def recorded(self, of: BackgroundProcess, kinds: list[str]) -> None:
        """Wait until exactly these events are recorded."""
        for _ in range(1000):
            found = [event.kind for event in await self.events(of)]
            if found == kinds:
                return
            await eventually_a_moment()
        raise AssertionError(f"{kinds} are not recorded, but {found}")

    async def cursor(self) -> str | None:
        return await self.store.read(lambda connection: events.cursor_of(connection, "fake"))


def draining(running: Running, of: BackgroundProcess) -> int:
    return sum(process.state is ProcessState.DRAINING for process in running.fake.processes(of.id))


async def settle(running: Running) -> None:
    """Let both loops go round several times, with a write of their own at the end."""
    for _ in range(10):
        await eventually_a_moment()
        await running.store.write(lambda connection: None)  # noqa: ARG005


async def eventually_a_moment() -> None:
    """Let the loops go on."""
    moments = iter([False, True])
    await eventually("a moment has passed", lambda: next(moments))


@contextlib.asynccontextmanager
async def running_control(
    folder: Path, fake: FakeRuntime | None = None, timings: Timings = FAST
) -> AsyncIterator[Running]:
    """Run a control plane on the database in the folder for as long as the block lasts."""
    store = new_sqlite(folder).open()
    telemetry = Telemetry.open(folder / "telemetry", Retention(), AlertSettings())
    try:
        running = await _opened(store, telemetry, folder, fake or FakeRuntime(), timings)
        try:
            yield running
        finally:
            await running.control.close()
    finally:
        telemetry.close()
        store.close()


async def _opened(
    store: Store, telemetry: Telemetry, folder: Path, fake: FakeRuntime, timings: Timings
) -> Running:
    def default(connection: Connection) -> Token:
        return Token(
            id=new_token_id(),
            organization_id=organizations.default(connection).id,
            name="test",
            abilities=frozenset(Ability),
            created_at=datetime.now(UTC),
        )

    actor = await store.read(default)
    linked = await link(store, folder, "Shop", {"GREETING": "hello"})
    control = ControlPlane(store, fake, telemetry, timings=timings)
    await control.open()
    return Running(control, store, fake, linked, actor)
