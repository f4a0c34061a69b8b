"""A queue fills, and more workers run; nothing waits any more, and none does."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.laravel import LaravelApplication
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("php", "laravel", "php-redis", "redis-server")


def a_worker(
    engineroom: EngineroomServer, laravel: LaravelApplication, **fields: object
) -> BackgroundProcess:
    linked = engineroom.link(laravel.folder, **laravel.variables)
    config = {"connection": "redis", "tries": 3, "sleep": 1}
    return engineroom.api.create(linked.instance, type="worker", config=config, **fields)


def scaling(engineroom: EngineroomServer, worker: BackgroundProcess) -> Mapping[str, Any]:
    found = engineroom.api.get(f"/api/background-processes/{worker.id}/scaling")
    return found["data"]["attributes"]  # type: ignore[no-any-return]


def test_workers_grow_with_the_queue_and_say_why(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    worker = a_worker(engineroom, laravel, processes=4, strategy_type="queue_size", strategy_threshold=50)
    worker.wait_until_running(1)
    wait_until("the queue is measured", lambda: scaling(engineroom, worker)["measured"])

    laravel.push(400, sleep_milliseconds=10)
    worker.wait_until_running(4)

    shown = scaling(engineroom, worker)
    assert shown["most_processes"] == 4
    assert shown["measured"]["queues"] == ["default"]
    assert shown["measured"]["unknown"] is None
    assert any(message.startswith("Scaled 1 → 4: ") for message in worker.events())
    wait_until("all are worked", lambda: len(laravel.times_worked()) == 400, timeout_seconds=60)
    assert set(laravel.times_worked().values()) == {1}


def test_the_scale_is_held_through_a_restart_of_the_server(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    laravel.push(200, sleep_milliseconds=200)
    worker = a_worker(engineroom, laravel, processes=3, strategy_type="queue_size", strategy_threshold=50)
    pids = worker.wait_until_running(3)

    engineroom.stop()
    engineroom.start()

    worker = worker.through(engineroom.api)
    assert worker.wait_until_running(3) == pids


def test_a_sleeping_worker_is_back_for_the_first_job(
    engineroom: EngineroomServer, laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    worker = a_worker(engineroom, laravel, processes=2)
    worker.wait_until_running(2)
    engineroom.api.scale(worker.id, sleep_after_seconds=1)
    wait_until("it sleeps", lambda: worker.processes() == [])

    laravel.push(1)
    wait_until("the job is worked", lambda: len(laravel.worked()) == 1)

    assert redis_server.waiting() == 0


@pytest.mark.long
def test_the_workers_of_an_environment_that_hibernates_go_and_come_back(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    linked = engineroom.link(laravel.folder, **laravel.variables)
    config = {"connection": "redis", "sleep": 1}
    worker = engineroom.api.create(linked.instance, type="worker", config=config, processes=2)
    worker.wait_until_running(2)
    engineroom.api.patch(f"/api/instances/{linked.instance}", hibernation_timeout=1)
    wait_until("they are gone", lambda: worker.processes() == [], timeout_seconds=90)

    laravel.push(1)

    wait_until("the job is worked", lambda: len(laravel.worked()) == 1)
    assert "Scaled 2 → 0: nothing to do for 60 s, asleep until a job waits." in worker.events()


def test_a_strategy_of_ours_shows_as_one_that_every_client_knows(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    worker = a_worker(engineroom, laravel, processes=2, strategy_type="latency", strategy_threshold=30)

    shown = engineroom.api.get(f"/api/background-processes/{worker.id}")["data"]["attributes"]

    assert (shown["strategy_type"], shown["strategy_threshold"]) == ("queue_size", None)
    ours = scaling(engineroom, worker)
    assert (ours["strategy_type"], ours["strategy_threshold"]) == ("latency", 30)


@pytest.mark.long
def test_the_worker_in_the_middle_of_a_job_stays_when_others_go(
    engineroom: EngineroomServer, laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    laravel.variables["REDIS_QUEUE_RETRY_AFTER"] = "90"  # or another one would take the long job as well
    worker = a_worker(engineroom, laravel, processes=3, strategy_type="queue_size", strategy_threshold=1)
    laravel.push(30, sleep_milliseconds=50)
    pids = worker.wait_until_running(3)
    wait_until("they have worked", lambda: len(laravel.times_worked()) == 30)
    laravel.push(1, sleep_milliseconds=25_000)
    wait_until("the long job is in hand", lambda: redis_server.reserved() == 1)
    time.sleep(8)  # for so long it is watched who asks for jobs and who does not

    worker.update(processes=1)

    [left] = worker.wait_until_running(1)
    assert left in pids
    wait_until("the long job is worked", lambda: len(laravel.worked()) == 31, timeout_seconds=60)
    assert laravel.worked()[-1].pid == left
