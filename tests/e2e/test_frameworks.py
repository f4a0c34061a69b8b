"""Workers of Celery, RQ and BullMQ do each job once, however often they are restarted."""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.frameworks import Framework, frameworks
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

JOBS = 1000
RESTARTS = 20
SERVER_KILLED_EVERY = 7
JOB_SECONDS = 0.08
PATIENCE_SECONDS = 120
"""Interpreters start slowly on a busy machine."""


@pytest.fixture(params=frameworks())
def framework(request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer) -> Framework:
    made: Framework = request.param(tmp_path, redis_server)
    return made


@pytest.mark.long
def test_each_of_a_thousand_jobs_is_done_once_over_twenty_restarts(
    framework: Framework, engineroom: EngineroomServer
) -> None:
    workers = created(engineroom, framework)
    framework.push(JOBS, seconds=JOB_SECONDS)

    for number in range(1, RESTARTS + 1):
        wait_until_done(framework, number * JOBS // 2 // RESTARTS)
        restart(workers)
        if number % SERVER_KILLED_EVERY == 0:
            engineroom.kill()
            engineroom.start()
            workers = workers.through(engineroom.api)

    wait_until_none_waits(framework)
    # A framework that has handed a job to a child may have no key for it any more: the drain waits for that.
    workers.delete()
    wait_until("all have ended", lambda: not engineroom.user_pids(), timeout_seconds=PATIENCE_SECONDS)
    assert framework.times_done() == Counter(range(1, JOBS + 1))


def test_workers_grow_with_the_queue_of_their_framework(
    framework: Framework, engineroom: EngineroomServer
) -> None:
    variable, fields = framework.scaling()
    framework.variables |= variable
    scaled = {"strategy_type": "queue_size", "strategy_threshold": 20}
    workers = created(engineroom, framework, **scaled)
    engineroom.api.scale(workers.id, **fields)
    path = f"/api/background-processes/{workers.id}/scaling"
    wait_until(
        "its empty queue is measured",
        lambda: (engineroom.api.get(path)["data"]["attributes"]["measured"] or {}).get("waiting") == 0,
        timeout_seconds=PATIENCE_SECONDS,
    )

    framework.push(JOBS // 2, seconds=JOB_SECONDS)

    most = framework.fields()["processes"]
    workers.wait_for("as many run as may", lambda listed: len(listed) == most)
    assert any(message.startswith(f"Scaled 1 → {most}: ") for message in workers.events())


def created(engineroom: EngineroomServer, framework: Framework, **others: object) -> BackgroundProcess:
    """Have what the documentation shows run, and return it."""
    fields = framework.fields() | others
    instance = engineroom.link(framework.folder, **framework.variables).instance
    workers = engineroom.api.create(instance, **fields)
    workers.wait_for("one runs", lambda listed: any(each.state == "running" for each in listed))
    return workers


def wait_until_done(framework: Framework, count: int) -> None:
    wait_until(
        f"{count} jobs are done",
        lambda: framework.times_done().total() >= count,
        timeout_seconds=PATIENCE_SECONDS,
    )


def wait_until_none_waits(framework: Framework) -> None:
    def look() -> bool:
        left.append(framework.left())
        return not any(left[-1].values())

    left: list[dict[str, int]] = []
    try:
        wait_until("no job waits", look, timeout_seconds=PATIENCE_SECONDS)
    except AssertionError as error:
        error.add_note(f"These are left: {left[-1]}")
        raise


def restart(workers: BackgroundProcess) -> None:
    """Restart the workers, and wait until the first of those that ran is asked to stop."""
    before = workers.running_pids()
    workers.restart()
    wait_until("one is stopped", lambda: before - workers.running_pids(), timeout_seconds=PATIENCE_SECONDS)
