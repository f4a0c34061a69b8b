"""A worker that the autoscaler scales, on a real database and a real Redis, with a clock that goes by hand."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, update

from engineroom.control.folders.links import link
from engineroom.control.host_probe import HostProbe
from engineroom.control.queues.reader import QueueReader
from engineroom.control.scaling.autoscaler import Autoscaler
from engineroom.control.scaling.state import ScalingState, ScalingStates
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_background_process_id
from engineroom.model.processes.activity import Activity
from engineroom.model.processes.background_process import (
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.model.scaling.host import Host
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.sandbox import Sandbox
from engineroom.store import Store
from engineroom.store.queries import background_processes, events
from engineroom.store.queries import wanted as wanted_rows
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.wanted import Wanted
from tests.store.rows import a_background_process
from tests.support.databases import new_sqlite
from tests.support.redis_server import RedisServer

KEY = "shop_database_queues:default"

_PATIENCE_SECONDS = 60.0
"""A busy machine may answer late, while the clock of the tests stands still."""


class Scaling:
    """One worker that is scaled, and what tests ask of it."""

    def __init__(self, store: Store, server: RedisServer, of: BackgroundProcess) -> None:
        self.store = store
        self.server = server
        self.of = of
        self.now = 1000.0
        self.host: Host | None = None
        self.activities: dict[int, Activity] = {}
        self.woken: list[BackgroundProcessId] = []
        self.sandbox = Sandbox()
        self.autoscaler = self.begin_anew()

    def begin_anew(self) -> Autoscaler:
        probe = HostProbe(host=lambda: self.host, activity=self.activity, clock=lambda: self.now)
        self.reader = QueueReader(self.sandbox, probe.clock, patience_seconds=_PATIENCE_SECONDS)
        self.states = ScalingStates(probe.clock)
        self.autoscaler = Autoscaler(
            self.store,
            probe,
            states=self.states,
            reader=self.reader,
            processes=self.processes,
            wake=self.woken.extend,
        )
        return self.autoscaler

    def processes(self, background_process: BackgroundProcessId) -> list[Process]:
        return [
            Process(
                id=f"{background_process}-{index}",
                background_process=background_process,
                replica=1,
                index=index,
                fingerprint="",
                state=ProcessState.RUNNING,
                pid=100 + index,
            )
            for index in range(self.running)
        ]

    def activity(self, pid: int) -> Activity | None:
        return self.activities.get(pid)

    def state(self, of: BackgroundProcessId | None = None) -> ScalingState:
        """Return what the autoscaler knows of the worker, or of another one."""
        found = self.states.get(of or self.of.id)
        assert found is not None
        return found

    running = 1

    def push(self, count: int) -> None:
        for _ in range(count):
            self.server.client.rpush(KEY, json.dumps({"uuid": str(time.time_ns())}))

    async def look(self, *, after: float = 1.0) -> int:
        """Look once, and return how many processes should run on every replica from then on."""
        self.now += after
        await self.autoscaler.look()
        [row] = await self.store.read(lambda connection: wanted_rows.wanted(connection, [self.of.id]))
        self.running = row.processes
        return row.processes

    async def idle(self, seconds: int) -> int:
        for _ in range(seconds):
            found = await self.look()
        return found

    async def beside(self, queue: str) -> BackgroundProcessId:
        """Have another such worker, of another queue."""
        new = replace(
            self.of, id=new_background_process_id(), config=WorkerConfig(connection="redis", queue=queue)
        )
        await self.add(new)
        return new.id

    async def add(self, new: BackgroundProcess) -> None:
        """Have another worker."""

        def write(connection: Connection) -> None:
            background_processes.add(connection, new)
            scales.put(connection, {new.id: 1}, datetime.now(UTC))

        await self.store.write(write)

    async def row(self) -> Wanted:
        """Return what is stored of the worker."""
        [row] = await self.store.read(lambda connection: wanted_rows.wanted(connection, [self.of.id]))
        return row

    async def change(self, **fields: Any) -> None:
        self.of = replace(self.of, **fields)
        await self.store.write(lambda connection: background_processes.replace(connection, self.of))

    async def update(self, table: Table, **values: Any) -> None:
        def write(connection: Connection) -> None:
            connection.execute(update(table).values(**values))

        await self.store.write(write)

    async def settings(self, **fields: Any) -> None:
        given = ScalingSettings(**fields)
        await self.store.write(lambda connection: scales.put_settings(connection, self.of.id, given))

    async def told(self) -> list[Event]:
        page = await self.store.read(
            lambda connection: events.page(connection, events.Scope("background_process", self.of.id), 1)
        )
        return list(reversed(page.items))

    async def messages(self) -> list[str]:
        return [event.message for event in await self.told()]


@asynccontextmanager
async def scaling(folder: Path, **fields: Any) -> AsyncIterator[Scaling]:
    """Make a worker of at most 8 processes whose queue is in a Redis of its own; `fields` change it."""
    code = folder / "code"
    code.mkdir()
    with RedisServer(folder) as server:
        store = new_sqlite(folder).open()
        variables = {"REDIS_PORT": str(server.port), "REDIS_PREFIX": "shop_database_"}
        linked = await link(store, code, "Shop", variables)
        usual: dict[str, Any] = {
            "type": BackgroundProcessType.WORKER,
            "config": WorkerConfig(connection="redis"),
            "custom_command": None,
            "processes": 8,
            "strategy_type": StrategyType.QUEUE_SIZE,
            "strategy_threshold": 10,
        }
        new = a_background_process(linked.instance, **(usual | fields))

        def write(connection: Connection) -> None:
            background_processes.add(connection, new)
            if new.strategy_type is not StrategyType.NONE:
                scales.put(connection, {new.id: 1}, datetime.now(UTC))

        await store.write(write)
        made = Scaling(store, server, new)
        try:
            yield made
        finally:
            await made.reader.close()
            await made.sandbox.close()
            store.close()
