"""Samples of what runs."""

import asyncio
import time
from pathlib import Path

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.instances.limits import Usage
from engineroom.model.processes.background_process import BackgroundProcessType
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.runtime.fake import FakeRuntime
from tests.control.running_control import running_control
from tests.runtime.asynchronous import asynchronous, eventually
from tests.support.redis_server import RedisServer


@asynchronous
async def test_what_runs_is_observed_with_its_restarts_and_what_is_missing(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        made, _ = await running.create(processes=2)
        processes = await running.running(made, 2)
        sampler = running.control.parts.sampler
        await sampler.sample()
        fake.exit(processes[0].id, code=1)
        fake.script(made.id).holds_starts = True
        fake.exit(processes[1].id, code=1)
        await sampler.sample()

        (observed,) = sampler.observed
        assert (observed.sample.running, observed.sample.restarts, observed.restarts_total) == (1, 2, 2)
        assert observed.missing == 1
        assert observed.sample.queue_length is None
        found = running.control.current_metrics({running.linked.instance})
        assert any(metric.name.endswith("restarts_total") and metric.values[0][1] == 2 for metric in found)


@asynchronous
async def test_what_processes_use_is_added_up_and_unknown_until_it_was_counted(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        made, _ = await running.create(processes=2)
        await running.running(made, 2)
        sampler = running.control.parts.sampler
        await sampler.sample()
        (before,) = sampler.observed
        fake.usage = Usage(cpu_seconds=9.0, cpu_percent=75.0, memory_bytes=5_000_000, processes=1)
        await sampler.sample()
        (after,) = sampler.observed
        now = time.time()
        history = await running.control.metrics.history([made.instance_id], now - 10, now, 10)

    assert (before.sample.cpu, before.sample.memory_bytes) == (None, None)
    assert (after.sample.cpu, after.sample.memory_bytes) == (1.5, 10_000_000)
    assert history.columns["cpu"][-1] == 1.5


@asynchronous
async def test_the_queue_of_a_worker_is_measured_though_nothing_scales_it(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    async with running_control(tmp_path) as running:
        variables = f"REDIS_HOST=127.0.0.1\nREDIS_PORT={redis_server.port}\nREDIS_PREFIX=laravel_database_\n"
        await asyncio.to_thread((tmp_path / ".env").write_text, variables)
        await running.create(
            type=BackgroundProcessType.WORKER, config=WorkerConfig(connection="redis"), custom_command=None
        )
        redis_server.client.rpush(redis_server.key("default"), "{}", "{}")

        async def length() -> float | None:
            await running.control.parts.sampler.sample()
            (observed,) = running.control.parts.sampler.observed
            return observed.sample.queue_length

        while (measured := await length()) is None:  # a busy machine may need longer than a sample waits
            pass
        assert measured == 2


@asynchronous
async def test_of_a_stopped_environment_nothing_is_measured(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        await running.create()
        await running.set_environment(EnvironmentStatus.STOPPED)
        await running.control.parts.sampler.sample()
        assert running.control.parts.sampler.observed == []
        await running.set_environment(EnvironmentStatus.RUNNING)
        await running.control.parts.sampler.sample()
        assert len(running.control.parts.sampler.observed) == 1


@asynchronous
async def test_it_samples_by_itself(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        made, _ = await running.create()
        sampler = running.control.parts.sampler
        await eventually("it has sampled", lambda: sampler.observed or None, timeout_seconds=25)
        assert sampler.observed[0].background_process == made.id
