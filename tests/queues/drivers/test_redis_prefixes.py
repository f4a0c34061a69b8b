"""What speaks for a queue under another prefix, and what does not."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import rq

from engineroom.queues.base import Layout, RedisQueues
from tests.queues.measuring import Clock, a_meter, known, measure_once, unknown
from tests.runtime.asynchronous import asynchronous
from tests.support.redis_server import RedisServer

kombu: Any = importlib.import_module("kombu")  # it has types for some of its parts alone

pytestmark = pytest.mark.needs("redis-server")

ELSEWHERE = [
    (Layout.LARAVEL, "other_queues:jobs"),
    (Layout.LIST, "other_jobs"),
    (Layout.CELERY, "other_jobs"),
    (Layout.CELERY, "other_jobs\x06\x163"),
    (Layout.RQ, "other:rq:queue:jobs"),
    (Layout.BULLMQ, "other:jobs:wait"),
    (Layout.SIDEKIQ, "other:queue:jobs"),
]


def queues(server: RedisServer, layout: Layout) -> RedisQueues:
    return RedisQueues(host="127.0.0.1", port=server.port, layout=layout)


@pytest.mark.parametrize(("layout", "key"), ELSEWHERE)
def test_jobs_under_another_prefix_make_an_empty_queue_unknown(
    redis_server: RedisServer, layout: Layout, key: str
) -> None:
    redis_server.client.rpush(key, "{}")

    reason = unknown(measure_once(queues(redis_server, layout), "jobs"))

    assert key.partition("\x06")[0] in reason
    assert "prefix" in reason.lower()


@pytest.mark.parametrize(("layout", "key"), ELSEWHERE)
def test_a_key_that_cannot_be_a_queue_does_not(redis_server: RedisServer, layout: Layout, key: str) -> None:
    redis_server.client.sadd(key, "a set")
    redis_server.client.hset(f"more_{key}", "a", "hash")
    redis_server.client.set(f"still_more_{key}", "a text")

    assert known(measure_once(queues(redis_server, layout), "jobs")).available == 0


@pytest.mark.parametrize("kind", ["delayed", "reserved"])
def test_delayed_and_reserved_jobs_of_laravel_speak_for_it_too(redis_server: RedisServer, kind: str) -> None:
    redis_server.client.zadd(f"other_queues:jobs:{kind}", {"{}": 1})

    assert "'other_queues:jobs'" in unknown(measure_once(queues(redis_server, Layout.LARAVEL), "jobs"))


@pytest.mark.parametrize("layout", [Layout.CELERY, Layout.LIST])
def test_what_a_worker_of_celery_writes_about_its_queue_is_no_queue(
    redis_server: RedisServer, layout: Layout
) -> None:
    declare_with_kombu(redis_server, "celery")
    assert redis_server.client.exists("_kombu.binding.celery")

    assert known(measure_once(queues(redis_server, layout), "celery")).available == 0


def test_a_name_that_ends_alike_is_another_queue(redis_server: RedisServer) -> None:
    redis_server.client.rpush("hotmail", "{}")

    assert known(measure_once(queues(redis_server, Layout.CELERY), "mail")).available == 0


def test_a_queue_that_celery_has_declared_here_may_be_empty_beside_one_whose_name_ends_alike(
    redis_server: RedisServer,
) -> None:
    redis_server.client.rpush("priority-mail", "{}")
    assert "'priority-mail'" in unknown(measure_once(queues(redis_server, Layout.CELERY), "mail"))

    declare_with_kombu(redis_server, "mail")

    assert known(measure_once(queues(redis_server, Layout.CELERY), "mail")).available == 0


def test_a_queue_that_rq_has_declared_here_may_be_empty_beside_that_of_another_prefix(
    redis_server: RedisServer,
) -> None:
    queue = rq.Queue("jobs", connection=redis_server.client)
    queue.enqueue("builtins.print")
    redis_server.client.delete("rq:queue:jobs")
    redis_server.client.rpush("other:rq:queue:jobs", "1")

    assert known(measure_once(queues(redis_server, Layout.RQ), "jobs")).available == 0


def test_a_queue_that_bullmq_has_declared_here_may_be_empty_beside_that_of_another_prefix(
    redis_server: RedisServer,
) -> None:
    redis_server.client.hset("bull:jobs:meta", "version", "bullmq:5")
    redis_server.client.rpush("other:jobs:wait", "1")

    assert known(measure_once(queues(redis_server, Layout.BULLMQ), "jobs")).available == 0


@pytest.mark.parametrize("settled", ["the other queue is gone", "a worker declared it here"])
@asynchronous
async def test_a_doubt_ends_when_nothing_speaks_for_it_any_more(tmp_path: Path, settled: str) -> None:
    with RedisServer(tmp_path) as server:
        server.client.rpush("other_jobs", "{}")
        clock = Clock()
        async with a_meter(clock) as meter:
            connection = queues(server, Layout.CELERY)
            assert "'other_jobs'" in unknown(await meter.measure(connection, "jobs"))
            if settled == "the other queue is gone":
                server.client.delete("other_jobs")
            else:
                declare_with_kombu(server, "jobs")
            clock.now += 1
            assert known(await meter.measure(connection, "jobs")).available == 0


def declare_with_kombu(server: RedisServer, name: str) -> None:
    """Write what a worker writes when it starts."""
    with kombu.Connection(f"redis://127.0.0.1:{server.port}/0") as connection:
        channel = connection.channel()
        kombu.Queue(name, kombu.Exchange(name, type="direct"), routing_key=name)(channel).declare()
