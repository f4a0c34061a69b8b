"""Workers that do nothing while their queue grows, on a real database, with a clock that goes by hand."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.control.folders.links import link
from engineroom.control.host_probe import HostProbe
from engineroom.control.scaling.stall_detector import StallDetector
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.instances.limits import Usage
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.queue import Measurement
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.store import Store
from engineroom.store.queries import background_processes, events
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.wanted import wanted
from tests.runtime.asynchronous import asynchronous
from tests.store.rows import a_background_process


class Watched:
    """A worker of a fixed number of processes, in a database, whose queue grows by one job each ten seconds."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder / "engineroom.db")
        self.of = a_background_process(asyncio.run(link(self.store, folder, "Shop", {})).instance)
        assert self.of.strategy_type is StrategyType.NONE
        asyncio.run(self.store.write(lambda connection: background_processes.add(connection, self.of)))
        self.now = 0.0
        self.printed = 0
        self.woken: list[BackgroundProcessId] = []
        probe = HostProbe(clock=lambda: self.now)
        self.watch = StallDetector(
            self.store, self.processes, lambda _: self.printed, self.woken.extend, probe
        )

    def processes(self, of: BackgroundProcessId) -> list[Process]:
        usage = Usage(cpu_seconds=1.0, cpu_percent=0.0, memory_bytes=None, processes=1)
        return [
            Process(
                id="p",
                background_process=of,
                replica=1,
                index=0,
                fingerprint="",
                state=ProcessState.RUNNING,
                pid=1,
                usage=usage,
            )
        ]

    async def for_seconds(self, seconds: int, *, prints: bool = False) -> None:
        for _ in range(seconds // 10):
            self.now += 10
            self.printed += prints
            queue = Measurement(waiting=round(self.now / 10), reserved=1, head="first")
            await self.watch.look({self.of.id: queue})

    async def told(self) -> list[Event]:
        scope = events.Scope("background_process", self.of.id)
        return list((await self.store.read(lambda connection: events.page(connection, scope, 1))).items)

    async def stored(self) -> BackgroundProcess:
        [row] = await self.store.read(lambda connection: wanted(connection, [self.of.id]))
        return row.background_process


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.store.close()


@asynchronous
async def test_a_worker_of_a_fixed_number_that_has_stalled_is_told_of_once(watched: Watched) -> None:
    await watched.for_seconds(120)
    assert await watched.told() == []
    await watched.for_seconds(300)
    [told] = await watched.told()
    assert told.kind == "process.stalled"
    assert told.message == (
        "Stalled: 1 running, no CPU used, nothing printed and no job finished for 120 s, 13 waiting."
    )
    assert (await watched.stored()).generation == 0


@asynchronous
async def test_it_is_restarted_where_that_is_asked_for(watched: Watched) -> None:
    settings = ScalingSettings(restart_when_stalled=True)
    await watched.store.write(lambda connection: scales.put_settings(connection, watched.of.id, settings))
    await watched.for_seconds(150)
    assert (await watched.stored()).generation == 1
    assert watched.woken == [watched.of.id]


@asynchronous
async def test_who_prints_has_not_stalled(watched: Watched) -> None:
    await watched.for_seconds(300, prints=True)
    assert await watched.told() == []
