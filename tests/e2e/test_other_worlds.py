"""Workers of other worlds do each job once, however often they are restarted, and their queues are seen."""

from pathlib import Path

import pytest

from tests.support.engineroom_server import EngineroomServer
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from tests.support.worlds import CELERY, RQ, World

JOBS = 1_000
RESTARTS = 20


@pytest.mark.needs("redis-server")
@pytest.mark.parametrize("world", [CELERY, RQ], ids=lambda world: world.name)
def test_a_thousand_jobs_are_done_once_each_over_twenty_restarts(
    engineroom: EngineroomServer, tmp_path: Path, redis_server: RedisServer, world: World
) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    application = world.application(folder, redis_server.port)
    application.push(JOBS)
    linked = engineroom.link(folder, **application.variables)

    worker = engineroom.api.create(linked.instance, type="custom", command=world.worker, processes=2)
    engineroom.api.scale(worker.id, connection="redis", queue=world.queue)
    for _ in range(RESTARTS):
        operation = worker.restart()
        wait_until(
            "the restart has succeeded",
            lambda operation=operation: engineroom.api.operation(operation).status == "succeeded",  # type: ignore[misc]
            timeout_seconds=120,
        )
    wait_until("every job is done", lambda: len(application.worked()) == JOBS, timeout_seconds=240)

    assert set(application.worked().values()) == {1}


@pytest.mark.needs("redis-server")
def test_a_worker_of_another_world_grows_with_its_queue(
    engineroom: EngineroomServer, tmp_path: Path, redis_server: RedisServer
) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    application = CELERY.application(folder, redis_server.port)
    linked = engineroom.link(folder, **application.variables)
    sleepers = engineroom.api.create(linked.instance, type="custom", command="sleep 1000", processes=3)
    engineroom.api.scale(sleepers.id, connection="redis", queue="celery")
    sleepers.update(strategy_type="queue_size", strategy_threshold=10)

    application.push(30)

    sleepers.wait_until_running(3)
    shown = engineroom.api.get(f"/api/background-processes/{sleepers.id}/scaling")["data"]["attributes"]
    assert shown["measured"]["waiting"] == 30
