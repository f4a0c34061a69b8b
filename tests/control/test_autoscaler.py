"""The autoscaler on a real database and a real Redis, with a clock that goes by hand."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, update

from engineroom.control.autoscaler import Autoscaler
from engineroom.control.links import link
from engineroom.control.surroundings import Surroundings
from engineroom.model.activity import Activity
from engineroom.model.background_process import BackgroundProcess, BackgroundProcessType, StrategyType
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.instance import InstanceType
from engineroom.model.process import Process, ProcessState
from engineroom.model.queue import Unknown
from engineroom.model.scaling.host import Host
from engineroom.model.scaling.replay import replay
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.model.scaling.strategies import Strategy
from engineroom.model.worker_config import WorkerConfig
from engineroom.store import Store, background_processes, events, scales
from engineroom.store import wanted as wanted_rows
from engineroom.store.tables import environments, instances
from tests.runtime.asynchronous import asynchronous
from tests.store.rows import a_background_process
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.needs("redis-server")

KEY = "shop_database_queues:default"


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
        self.autoscaler = self.begin_anew()

    def begin_anew(self) -> Autoscaler:
        surroundings = Surroundings(host=lambda: self.host, activity=self.activity, clock=lambda: self.now)
        self.autoscaler = Autoscaler(self.store, self.processes, self.woken.extend, surroundings)
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
        store = Store.open(folder / "engineroom.db")
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
            await made.autoscaler.close()
            store.close()


@asynchronous
async def test_a_worker_grows_with_its_queue_and_shrinks_a_minute_after(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        assert await worker.look() == 1
        worker.push(42)
        assert await worker.look() == 5
        assert worker.woken == [worker.of.id]
        worker.server.client.delete(KEY)
        assert await worker.idle(58) == 5
        assert await worker.idle(3) == 1
        assert await worker.messages() == [
            "Scaled 1 → 5: 42 waiting, at most 10 for each process.",
            "Scaled 5 → 1: 0 waiting, at most 10 for each process; at least 1.",
        ]
        [first, _] = await worker.told()
        assert first.kind == "scaling.changed"
        assert first.data["measured"]["waiting"] == 42
        assert first.data["decision"]["processes"] == 5


@asynchronous
async def test_a_restarted_server_holds_the_present_scale(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        worker.push(42)
        await worker.look()
        worker.server.client.delete(KEY)
        await worker.autoscaler.close()
        worker.begin_anew()

        assert await worker.idle(59) == 5
        assert await worker.idle(3) == 1


@asynchronous
async def test_a_queue_out_of_sight_holds_the_scale_and_is_told_once(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        worker.push(42)
        await worker.look()
        worker.server.client.config_set("requirepass", "secret")
        worker.server.client.client_kill_filter(_type="normal", skipme=True)
        assert await worker.idle(200) == 5
        state = worker.autoscaler.states[worker.of.id]
        assert isinstance(state.queue, Unknown)
        [_, held] = await worker.told()
        assert held.kind == "scaling.held"
        assert "Authentication required" in held.message


@asynchronous
async def test_a_dry_run_tells_what_it_would_do_and_does_nothing(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        await worker.settings(dry_run=True)
        worker.push(42)
        assert await worker.idle(3) == 1
        [told] = await worker.told()
        assert told.kind == "scaling.would_change"
        assert told.message == "Would scale 1 → 5: 42 waiting, at most 10 for each process."


@asynchronous
async def test_a_host_without_room_is_told_once(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        worker.host = Host(memory_bytes=1 << 30, memory_available_bytes=300 << 20, cores=2, cores_used=0.0)
        worker.push(100)
        assert await worker.look() == 3
        worker.host = replace(worker.host, memory_available_bytes=100 << 20)
        assert await worker.idle(3) == 3
        assert [event.kind for event in await worker.told()] == ["scaling.changed", "scaling.bounded"]
        assert "the host has no memory for more" in (await worker.messages())[0]


@asynchronous
async def test_a_worker_without_work_sleeps_and_the_first_job_wakes_it(tmp_path: Path) -> None:
    async with scaling(tmp_path, strategy_type=StrategyType.NONE, processes=3) as worker:
        await worker.settings(sleep_after_seconds=20)
        assert await worker.idle(19) == 3
        assert await worker.idle(3) == 0
        worker.server.client.zadd(f"{KEY}:delayed", {"later": time.time() + 600})
        assert await worker.idle(3) == 0
        worker.server.client.zadd(f"{KEY}:delayed", {"due": time.time() - 1})
        assert await worker.look() == 3
        assert await worker.messages() == [
            "Scaled 3 → 0: nothing to do for 20 s, asleep until a job waits.",
            "Scaled 0 → 3: woken: 1 waiting.",
        ]


@asynchronous
async def test_a_sleeping_worker_that_follows_its_queue_comes_back_with_what_it_needs(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        await worker.settings(sleep_after_seconds=5)
        assert await worker.idle(7) == 0
        worker.push(25)
        assert await worker.look() == 3


@asynchronous
async def test_the_workers_of_an_environment_that_hibernates_sleep_after_its_time(tmp_path: Path) -> None:
    async with scaling(tmp_path, strategy_type=StrategyType.NONE, processes=2) as worker:
        await worker.update(environments, hibernation_timeout_minutes=1)
        assert await worker.idle(59) == 2
        assert await worker.idle(3) == 0
        worker.push(1)
        assert await worker.look() == 2

        worker.server.client.delete(KEY)
        await worker.update(instances, type=InstanceType.SERVICE)
        assert await worker.idle(70) == 2
        await worker.update(instances, sleep_with_app=True)
        assert await worker.idle(70) == 0
        await worker.update(environments, hibernation_timeout_minutes=None)
        assert await worker.look() == 2


@asynchronous
async def test_a_daemon_that_takes_no_jobs_never_sleeps_with_its_environment(tmp_path: Path) -> None:
    daemon = {
        "type": BackgroundProcessType.CUSTOM,
        "config": None,
        "custom_command": "php artisan reverb:start",
    }
    async with scaling(tmp_path, strategy_type=StrategyType.NONE, processes=2, **daemon) as worker:
        await worker.update(environments, hibernation_timeout_minutes=1)
        assert await worker.idle(70) == 2
        assert not worker.autoscaler.states
        assert await worker.messages() == []


@asynchronous
async def test_no_worker_sleeps_while_a_job_is_in_hand(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        await worker.settings(sleep_after_seconds=5)
        worker.server.client.zadd(f"{KEY}:reserved", {"in hand": time.time() + 600})
        assert await worker.idle(100) == 1


@asynchronous
async def test_who_switches_scaling_off_gets_all_processes_again(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        assert await worker.look() == 1
        await worker.change(strategy_type=StrategyType.NONE)
        assert await worker.look() == 8
        assert worker.autoscaler.states.keys() == {worker.of.id}
        assert await worker.look() == 8
        assert not worker.autoscaler.states, "nothing is left to be scaled"


@asynchronous
async def test_a_jump_of_the_hosts_clock_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scaling(tmp_path, strategy_type=StrategyType.LATENCY, strategy_threshold=300) as worker:
        await worker.look()
        worker.server.client.rpush(KEY, json.dumps({"uuid": "one", "createdAt": int(time.time())}))
        before = await worker.idle(3)
        real = time.time
        for jump in (86_400.0, -86_400.0):
            monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
            assert await worker.idle(3) == before
            queue = worker.autoscaler.states[worker.of.id].queue
            assert not isinstance(queue, Unknown)
            assert queue.oldest is not None
            assert queue.oldest.at_least_seconds < 60


@asynchronous
async def test_what_was_measured_can_be_replayed_against_another_setting(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        await worker.look()
        worker.push(42)
        await worker.idle(10)
        state = worker.autoscaler.states[worker.of.id]
        assert state.limits is not None

        found = replay(
            list(state.recorded), Strategy.of(StrategyType.QUEUE_SIZE, 20), replace(state.limits, ceiling=10)
        )

        assert [step.decision.sentence() for step in found.steps] == [
            "1 → 3: 42 waiting, at most 20 for each process"
        ]
        assert found.process_seconds < found.actual_process_seconds
        assert found.measurements == 11


def idle(**changes: Any) -> Activity:
    usual = {"cpu_seconds": 1.0, "memory_bytes": 50 << 20, "waits": 7, "has_children": False}
    return Activity(**(usual | changes))


@pytest.mark.parametrize("restarts", [True, False])
def test_workers_that_do_nothing_while_their_queue_grows_are_told_of_and_restarted_where_asked(
    tmp_path: Path, restarts: bool
) -> None:
    @asynchronous
    async def test() -> None:
        async with scaling(tmp_path, processes=1) as worker:
            await worker.settings(restart_when_stalled=restarts)
            worker.activities = {100: idle()}
            worker.push(1)
            await worker.look()
            worker.push(5)
            for _ in range(13):
                await worker.look(after=10)

            [told] = [event for event in await worker.told() if event.kind == "process.stalled"]
            assert told.message.startswith("Stalled: 1 running, no CPU used and no job finished for 120 s, 6")
            [row] = await worker.store.read(lambda c: wanted_rows.wanted(c, [worker.of.id]))
            assert row.background_process.generation == (1 if restarts else 0)

    test()


@asynchronous
async def test_it_is_known_which_workers_are_in_the_middle_of_a_job(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        worker.push(42)
        for second in range(8):
            polling = idle(waits=second)
            worker.activities = {
                100: polling,
                101: idle(),
                102: replace(polling, cpu_seconds=0.5 * second),
                103: replace(polling, has_children=True),
            }
            await worker.look()

        busy = worker.autoscaler.busy(worker.of.id)

    assert busy == {f"{worker.of.id}-{index}" for index in (1, 2, 3)}


@asynchronous
async def test_what_a_process_really_takes_decides_how_many_more_there_is_room_for(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        worker.activities = {100: idle(memory_bytes=200 << 20)}
        worker.host = Host(memory_bytes=1 << 30, memory_available_bytes=600 << 20, cores=2, cores_used=0.0)
        worker.push(100)

        assert await worker.look() == 3
