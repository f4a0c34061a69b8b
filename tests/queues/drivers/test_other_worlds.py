"""The queues of other worlds in Redis, with the keys that their own clients write."""

import json
import time
from pathlib import Path

import pytest

from engineroom.model.queue import Measurement
from engineroom.queues.base import Layout, RedisQueues
from engineroom.queues.discovery import Worker, locate
from tests.queues.measuring import a_meter, known, measure_once, unknown
from tests.runtime.asynchronous import asynchronous
from tests.support.frameworks import Celery, Framework, frameworks
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.needs("redis-server")


def measured(server: RedisServer, layout: Layout, queue: str, prefix: str = "") -> Measurement:
    connection = RedisQueues(host="127.0.0.1", port=server.port, layout=layout, prefix=prefix)
    return known(measure_once(connection, queue))


def test_a_list_is_measured_under_its_very_name(redis_server: RedisServer) -> None:
    redis_server.client.rpush("celery", *map(str, range(30)))

    assert measured(redis_server, Layout.LIST, "celery").waiting == 30


def test_celery_has_a_list_for_each_priority_and_takes_from_their_ends(redis_server: RedisServer) -> None:
    for number in range(3):
        redis_server.client.lpush("celery", json.dumps({"body": "x", "headers": {"id": f"task-{number}"}}))
    redis_server.client.lpush("celery\x06\x166", "{}")
    redis_server.client.hset("unacked", "tag", "{}")

    found = measured(redis_server, Layout.CELERY, "celery")

    assert (found.waiting, found.reserved, found.head) == (4, 1, "task-0")


def test_the_keys_of_celery_may_have_a_prefix(redis_server: RedisServer) -> None:
    redis_server.client.lpush("shop_celery", "{}")

    assert measured(redis_server, Layout.CELERY, "celery", "shop_").waiting == 1


def test_rq_has_ids_in_its_list(redis_server: RedisServer) -> None:
    redis_server.client.rpush("rq:queue:high", "first", "second")
    redis_server.client.zadd("rq:wip:high", {"third": time.time() - 5})
    redis_server.client.zadd("rq:scheduled:high", {"due": time.time() - 5})
    redis_server.client.zadd("rq:failed:high", {"failed": time.time()})

    found = measured(redis_server, Layout.RQ, "high")

    assert (found.waiting, found.reserved, found.delayed, found.failed) == (2, 1, 1, 1)
    assert found.due == 0, "a scheduler moves what is due, and not the workers"


def test_bullmq_has_a_list_and_a_set_of_what_has_a_priority(redis_server: RedisServer) -> None:
    now = time.time()
    redis_server.client.lpush("bull:emails:wait", "1", "2")
    redis_server.client.zadd("bull:emails:prioritized", {"3": 1})
    redis_server.client.lpush("bull:emails:active", "4")
    redis_server.client.zadd(
        "bull:emails:delayed", {"5": int((now - 5) * 1000) * 4096, "6": int((now + 600) * 1000) * 4096}
    )
    redis_server.client.zadd("bull:emails:failed", {"7": now})

    found = measured(redis_server, Layout.BULLMQ, "emails")

    assert (found.waiting, found.reserved, found.due, found.delayed, found.failed) == (3, 1, 1, 1, 1)
    redis_server.client.lpush("{other}:emails:wait", "1")
    assert measured(redis_server, Layout.BULLMQ, "emails", "{other}").available == 1


def test_sidekiq_takes_from_the_end_of_its_list(redis_server: RedisServer) -> None:
    redis_server.client.lpush("queue:default", json.dumps({"jid": "first"}), json.dumps({"jid": "second"}))

    found = measured(redis_server, Layout.SIDEKIQ, "default")

    assert (found.waiting, found.head) == (2, "first")


@asynchronous
async def test_what_was_taken_is_seen_at_the_end_of_the_list_too(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        now = 1000.0
        connection = RedisQueues(host="127.0.0.1", port=server.port, layout=Layout.SIDEKIQ)
        async with a_meter(lambda: now) as meter:
            server.client.lpush(
                "queue:default", *(json.dumps({"jid": f"job-{number}"}) for number in range(50))
            )
            await meter.measure(connection, "default")
            server.client.rpop("queue:default", 20)
            server.client.lpush(
                "queue:default", *(json.dumps({"jid": f"new-{number}"}) for number in range(7))
            )
            now += 2

            flow = known(await meter.measure(connection, "default")).flow

    assert flow is not None
    assert (flow.taken, flow.taken_all, flow.arrived) == (20, True, 7)


@pytest.mark.parametrize(
    ("layout", "queue", "elsewhere"),
    [
        (Layout.CELERY, "celery", "shop_celery"),
        (Layout.RQ, "default", "app:rq:queue:default"),
        (Layout.LIST, "jobs", "shop:jobs"),
    ],
)
def test_a_wrong_prefix_is_unknown_and_names_the_right_one(
    redis_server: RedisServer, layout: Layout, queue: str, elsewhere: str
) -> None:
    redis_server.client.rpush(elsewhere, "x")
    connection = RedisQueues(host="127.0.0.1", port=redis_server.port, layout=layout)

    reason = unknown(measure_once(connection, queue))

    assert repr(elsewhere) in reason
    assert "?prefix=" in reason


@pytest.mark.parametrize("kind", frameworks())
def test_what_the_real_clients_push_is_counted(
    tmp_path: Path, redis_server: RedisServer, kind: type[Framework]
) -> None:
    framework = kind(tmp_path, redis_server)
    variables, scaling = framework.scaling()
    framework.push(30, seconds=0)

    worker = Worker(
        folder=framework.folder,
        variables=variables,
        connection=scaling["connection"],
        queues=scaling["queue"],
        laravels=False,
    )
    found = locate(worker)

    assert known(measure_once(found.connection, scaling["queue"])).waiting == 30


def test_without_a_word_of_whose_it_is_a_queue_of_another_world_is_counted_as_it_is(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    celery = Celery(tmp_path, redis_server)
    celery.push(30, seconds=0)
    variables = {"ENGINEROOM_QUEUE_REDIS": celery.variables["REDIS_URL"]}

    found = locate(
        Worker(folder=tmp_path, variables=variables, connection="redis", queues="celery", laravels=False)
    )

    assert known(measure_once(found.connection, "celery")).waiting == 30
