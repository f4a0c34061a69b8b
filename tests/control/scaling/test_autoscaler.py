"""The autoscaler: queues are measured, and the scale that follows is stored."""

import asyncio
import json
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engineroom.control.queues.reader import QueueReader
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.model.ids import new_background_process_id
from engineroom.model.processes.activity import Activity
from engineroom.model.processes.background_process import StrategyType
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.model.queue import Unknown
from engineroom.model.scaling.host import Host
from engineroom.model.scaling.replay import replay
from engineroom.model.scaling.settings import DEFAULT_SCALING_SETTINGS
from engineroom.model.scaling.strategies import Strategy
from engineroom.store.queries import wanted as wanted_rows
from tests.control.scaled_worker import KEY, scaling
from tests.runtime.asynchronous import asynchronous
from tests.support.waiting import patient

pytestmark = pytest.mark.needs("redis-server")


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
        await worker.reader.close()
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
        state = worker.state()
        assert isinstance(state.queue, Unknown)
        [_, held] = await worker.told()
        assert held.kind == "scaling.held"
        assert "Authentication required" in held.message


@asynchronous
async def test_a_queue_that_comes_into_sight_and_goes_again_is_told_of_once_a_minute(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        for _ in range(30):
            worker.server.client.set("shop_database_queues:emails", "no list")
            await worker.change(config=WorkerConfig(connection="redis", queue="emails"))
            await worker.look(after=2.0)
            await worker.change(config=WorkerConfig(connection="redis"))
            await worker.look(after=2.0)
        assert [event.kind for event in await worker.told()] == ["scaling.held"] * 2


@asynchronous
async def test_a_server_that_never_answers_holds_up_no_other(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            [row] = await worker.store.read(lambda connection: wanted_rows.wanted(connection, [worker.of.id]))
            port = EnvironmentVariable(key="REDIS_PORT", value=str(silent.getsockname()[1]))
            mute = replace(row, variables=(*row.variables, port))
            reader = QueueReader(worker.sandbox)
            expected = Unknown("its server takes long to answer")
            # On a busy machine it is first said that reading its files, or asking the application, takes long.
            async with asyncio.timeout(patient(15)):
                while (await reader.read(mute, DEFAULT_SCALING_SETTINGS)).measured != expected:
                    pass
            await reader.close()


@asynchronous
@pytest.mark.parametrize(
    "address",
    [
        "redis://:p[w@127.0.0.1:1",
        "redis://127.0.0.1:99999",
        "redis://127.0.0.1/abc",
        "redis://[::1",
        "nonsense",
    ],
)
async def test_a_bad_address_concerns_its_own_worker_alone(tmp_path: Path, address: str) -> None:
    async with scaling(tmp_path) as worker:
        await worker.beside("default")
        folder = Path((await worker.row()).directory or "")
        await asyncio.to_thread((folder / ".env").write_text, f"ENGINEROOM_QUEUE_BAD={address}\n")
        bad = replace(worker.of, id=new_background_process_id(), config=WorkerConfig(connection="bad"))
        await worker.add(bad)
        worker.push(42)

        assert await worker.look() == 5
        measured = worker.state(bad.id).queue
        assert isinstance(measured, Unknown)
        assert (
            "127.0.0.1:1" in measured.reason
            or "[:" in measured.reason
            or "ENGINEROOM_QUEUE_BAD" in measured.reason
        )


@asynchronous
async def test_what_nobody_thought_of_concerns_one_worker_alone(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        broken = await worker.beside("default")
        await worker.look()
        del worker.state(broken).scaler
        worker.push(42)

        assert await worker.look() == 5


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
async def test_who_switches_scaling_off_gets_all_processes_again(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        assert await worker.look() == 1
        await worker.change(strategy_type=StrategyType.NONE)
        assert await worker.look() == 8
        assert worker.states.get(worker.of.id)
        assert await worker.look() == 8
        assert worker.states.get(worker.of.id) is None, "nothing is left to be scaled"


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
            queue = worker.state().queue
            assert not isinstance(queue, Unknown)
            assert queue.oldest is not None
            assert queue.oldest.at_least_seconds < 60


@asynchronous
async def test_what_was_measured_can_be_replayed_against_another_setting(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        await worker.look()
        worker.push(42)
        await worker.idle(10)
        state = worker.state()
        assert state.bounds is not None

        found = replay(
            list(state.recorded), Strategy.of(StrategyType.QUEUE_SIZE, 20), replace(state.bounds, ceiling=10)
        )

        assert [step.decision.sentence() for step in found.steps] == [
            "1 → 3: 42 waiting, at most 20 for each process"
        ]
        assert found.process_seconds < found.actual_process_seconds
        assert found.measurements == 11


def idle(**changes: Any) -> Activity:
    usual = {"cpu_seconds": 1.0, "memory_bytes": 50 << 20, "waits": 7, "has_children": False}
    return Activity(**(usual | changes))


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

        busy = worker.states.busy(worker.of.id)

    assert busy == {f"{worker.of.id}-{index}" for index in (1, 2, 3)}


@asynchronous
async def test_what_a_process_really_takes_decides_how_many_more_there_is_room_for(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        worker.activities = {100: idle(memory_bytes=200 << 20)}
        worker.host = Host(memory_bytes=1 << 30, memory_available_bytes=600 << 20, cores=2, cores_used=0.0)
        worker.push(100)

        assert await worker.look() == 3


FULL = Host(memory_bytes=1 << 30, memory_available_bytes=100 << 20, cores=2, cores_used=2.0)


@asynchronous
async def test_a_full_host_has_room_for_what_must_run_at_least(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        await worker.settings(sleep_after_seconds=5)
        assert await worker.idle(7) == 0
        worker.host = FULL
        worker.push(50)
        assert await worker.look() == 1
        assert await worker.idle(3) == 1


@asynchronous
async def test_room_for_three_more_is_not_given_to_each_of_two(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        other = await worker.beside("emails")
        worker.host = Host(memory_bytes=1 << 30, memory_available_bytes=370 << 20, cores=2, cores_used=0.0)
        worker.push(25)
        worker.server.client.rpush("shop_database_queues:emails", *map(str, range(80)))
        assert await worker.look() == 3
        decision = worker.state(other).decision
        assert decision is not None
        assert (decision.processes, decision.bounded.split(" (")[0]) == (2, "the host has no memory for more")
