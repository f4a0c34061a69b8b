"""Workers that go when nothing waits, all of them, and come back when something does."""

import time
from pathlib import Path

import pytest

from engineroom.model.instances.instance import InstanceType
from engineroom.model.processes.background_process import BackgroundProcessType, StrategyType
from engineroom.store.schema.tables import environments, instances
from tests.control.scaled_worker import KEY, scaling
from tests.runtime.asynchronous import asynchronous

pytestmark = pytest.mark.needs("redis-server")


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
        assert worker.states.get(worker.of.id) is None
        assert await worker.messages() == []


@asynchronous
async def test_no_worker_sleeps_while_a_job_is_in_hand(tmp_path: Path) -> None:
    async with scaling(tmp_path) as worker:
        await worker.settings(sleep_after_seconds=5)
        worker.server.client.zadd(f"{KEY}:reserved", {"in hand": time.time() + 600})
        assert await worker.idle(100) == 1
