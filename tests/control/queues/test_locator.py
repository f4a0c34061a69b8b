"""Where a background process takes its jobs from: its application is asked, and else its files are read."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engineroom.control.queues.locator import LocatedQueues, QueueLocator
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.model.processes.background_process import BackgroundProcessType
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.model.queue import Unknown
from engineroom.model.scaling.settings import DEFAULT_SCALING_SETTINGS, ScalingSettings
from engineroom.queues.base import RedisQueues
from engineroom.sandbox import Sandbox
from engineroom.store.queries.wanted import Wanted
from tests.control.test_workloads import row as a_row
from tests.runtime.asynchronous import asynchronous
from tests.support.skeletons import skeleton

pytestmark = pytest.mark.needs("php", "laravel")

REDIS = WorkerConfig(connection="redis")


@asynccontextmanager
async def places() -> AsyncIterator[QueueLocator]:
    sandbox = Sandbox()
    made = QueueLocator(sandbox, patience_seconds=120, found_again_seconds=0)
    try:
        yield made
    finally:
        await made.close()
        await sandbox.close()


def a_worker(
    folder: Path, config: WorkerConfig | None = REDIS, command: str | None = None, **variables: str
) -> Wanted:
    usual = a_row(directory=str(folder), os_user=None, umask=None)
    kind = BackgroundProcessType.WORKER if config else BackgroundProcessType.CUSTOM
    return replace(
        usual,
        background_process=replace(
            usual.background_process, type=kind, config=config, custom_command=command
        ),
        variables=tuple(EnvironmentVariable(key=key, value=value) for key, value in variables.items()),
    )


async def redis_of(
    found: QueueLocator, row: Wanted, settings: ScalingSettings = DEFAULT_SCALING_SETTINGS
) -> RedisQueues:
    located = await found.of(row, settings)
    assert isinstance(located, LocatedQueues), located
    assert isinstance(located.location.connection, RedisQueues)
    return located.location.connection


def boots_with(folder: Path, code: str) -> None:
    """Have this run whenever the application boots."""
    kernel = folder / "bootstrap" / "app.php"
    kernel.write_text(
        kernel.read_text().replace("return $app;", f"$app->booted(function () {{ {code} }});\nreturn $app;")
    )


@asynchronous
async def test_what_an_application_decides_while_it_boots_is_known_and_asked_again_when_its_files_change(
    tmp_path: Path,
) -> None:
    folder = skeleton(tmp_path / "app", "12.30.0", "APP_NAME=First\n")
    async with places() as found:
        assert (await redis_of(found, a_worker(folder))).prefix == "first-database-"
        boots_with(folder, "config(['database.redis.options.prefix' => env('APP_NAME').'-while-booting:']);")
        assert (await redis_of(found, a_worker(folder))).prefix == "First-while-booting:"
        await asyncio.to_thread((folder / ".env").write_text, "APP_NAME=Second\n")
        assert (await redis_of(found, a_worker(folder))).prefix == "Second-while-booting:"
        assert (await redis_of(found, a_worker(folder, APP_NAME="Third"))).prefix == "Third-while-booting:"


@asynchronous
async def test_an_application_that_cannot_be_asked_is_read(tmp_path: Path) -> None:
    folder = skeleton(tmp_path / "app", "12.30.0", "APP_NAME=First\n")
    boots_with(folder, "throw new RuntimeException('no vault here');")
    async with places() as found:
        assert (await redis_of(found, a_worker(folder))).prefix == "first-database-"
        (folder / "config" / "database.php").write_text("<?php return secret_function();")
        unknown = await found.of(a_worker(folder), DEFAULT_SCALING_SETTINGS)
    assert isinstance(unknown, Unknown)
    assert "secret_function() in line 1 of database.php" in unknown.reason
    assert "could not be asked: Error: Call to undefined function" in unknown.reason


@asynchronous
async def test_a_host_without_php_reads_the_files(tmp_path: Path) -> None:
    folder = skeleton(tmp_path / "app", "13.5.0", "APP_NAME=First\n")
    async with places() as found:
        assert (await redis_of(found, a_worker(folder, PATH="/nonexistent"))).prefix == "first-database-"


@asynchronous
async def test_a_cached_configuration_and_the_environment_of_a_command_are_the_applications_own(
    tmp_path: Path,
) -> None:
    folder = skeleton(tmp_path / "app", "10.48.0", "APP_NAME=First\n")
    (folder / ".env.staging").write_text("APP_NAME=Staging\n")
    told = ScalingSettings(connection="redis")
    async with places() as found:
        custom = a_worker(folder, None, "php artisan queue:work --env=staging")
        assert (await redis_of(found, custom, told)).prefix == "staging_database_"
        assert (await redis_of(found, a_worker(folder, APP_ENV="staging"))).prefix == "staging_database_"
        cached = await asyncio.create_subprocess_exec(
            "php", "artisan", "config:cache", cwd=folder, env={"PATH": os.environ["PATH"]}
        )
        assert await cached.wait() == 0
        await asyncio.to_thread((folder / ".env").write_text, "APP_NAME=Late\n")
        assert (await redis_of(found, a_worker(folder))).prefix == "first_database_"


@asynchronous
async def test_an_address_is_taken_at_its_word_and_nothing_is_asked(tmp_path: Path) -> None:
    folder = skeleton(tmp_path / "app", "12.30.0")
    boots_with(folder, f"touch('{tmp_path}/asked');")
    async with places() as found:
        row = a_worker(folder, ENGINEROOM_QUEUE_REDIS="redis://elsewhere?prefix=own_")
        assert (await redis_of(found, row)).host == "elsewhere"
    assert not (tmp_path / "asked").exists()
