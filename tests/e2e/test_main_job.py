"""The main job: POST a background process, and a real Laravel queue is worked."""

import pytest

from tests.support import proc
from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.laravel import LaravelApplication
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("php", "laravel", "php-redis", "redis-server")

WORKER = {"connection": "redis", "tries": 3, "sleep": 1}


def start_workers(
    engineroom: EngineroomServer, laravel: LaravelApplication, processes: int
) -> BackgroundProcess:
    linked = engineroom.link(laravel.folder, **laravel.variables)
    return engineroom.api.create(linked.instance, type="worker", processes=processes, config=WORKER)


def every_job_is_worked(laravel: LaravelApplication, jobs: int) -> None:
    wait_until(
        f"{jobs} different jobs are worked", lambda: len(laravel.times_worked()) >= jobs, timeout_seconds=60
    )


def some_jobs_are_worked(laravel: LaravelApplication, jobs: int) -> None:
    wait_until(f"{jobs} jobs are worked", lambda: len(laravel.worked()) >= jobs)


def each_was_worked_once(laravel: LaravelApplication, jobs: int) -> None:
    assert laravel.times_worked() == dict.fromkeys(range(1, jobs + 1), 1)


def test_three_workers_started_by_one_post_work_300_jobs_each_exactly_once(
    engineroom: EngineroomServer, laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    laravel.push(300, sleep_milliseconds=10)

    workers = start_workers(engineroom, laravel, processes=3)
    pids = workers.wait_until_running(3)
    every_job_is_worked(laravel, 300)

    each_was_worked_once(laravel, 300)
    assert {worked.pid for worked in laravel.worked()} == pids
    wait_until("the queue is empty", lambda: redis_server.waiting() + redis_server.reserved() == 0)


def test_a_delete_in_the_middle_of_a_job_lets_the_job_finish(
    engineroom: EngineroomServer, laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    workers = start_workers(engineroom, laravel, processes=1)
    [pid] = workers.wait_until_running(1)
    laravel.push(2, sleep_milliseconds=1500)
    wait_until("a job is in hand", lambda: redis_server.reserved() == 1)

    workers.delete()

    assert laravel.worked() == []
    wait_until("the worker has ended", lambda: not proc.is_alive(pid))
    assert [worked.pid for worked in laravel.worked()] == [pid]
    assert redis_server.reserved() == 0
    assert redis_server.waiting() == 1
    wait_until("nothing of it is left", lambda: engineroom.user_pids() == set())


def test_a_worker_killed_in_the_middle_of_a_job_loses_none(
    engineroom: EngineroomServer, laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    laravel.push(150, sleep_milliseconds=20)
    workers = start_workers(engineroom, laravel, processes=3)
    victim, *_ = workers.wait_until_running(3)
    some_jobs_are_worked(laravel, 10)

    proc.kill(victim)

    every_job_is_worked(laravel, 150)
    # The job in the victim's hands returns to the queue, which may have missed that it was done.
    assert sum(laravel.times_worked().values()) <= 151
    wait_until("the queue is empty", lambda: redis_server.waiting() + redis_server.reserved() == 0)
    assert victim not in workers.wait_until_running(3)


def test_killing_the_control_plane_during_the_run_loses_no_job_and_no_worker(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    laravel.push(150, sleep_milliseconds=20)
    workers = start_workers(engineroom, laravel, processes=3)
    pids = workers.wait_until_running(3)
    some_jobs_are_worked(laravel, 10)

    engineroom.kill()
    some_jobs_are_worked(laravel, 60)
    engineroom.start()

    every_job_is_worked(laravel, 150)
    each_was_worked_once(laravel, 150)
    assert workers.through(engineroom.api).wait_until_running(3) == pids


def test_killing_the_keeper_during_the_run_loses_no_job_and_no_worker(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    laravel.push(150, sleep_milliseconds=20)
    workers = start_workers(engineroom, laravel, processes=3)
    pids = workers.wait_until_running(3)
    some_jobs_are_worked(laravel, 10)

    proc.kill(engineroom.keeper_pid())

    every_job_is_worked(laravel, 150)
    each_was_worked_once(laravel, 150)
    assert workers.wait_until_running(3) == pids
