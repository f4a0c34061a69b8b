"""What the meter makes of servers that go, and of queues that are none, on a real Redis."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engineroom.queues.base import RedisQueues, UnmeasurableError
from engineroom.queues.drivers.extras import imported
from tests.queues.measuring import Clock, a_meter, known, unknown
from tests.runtime.asynchronous import asynchronous
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.needs("redis-server")


def queues(port: int) -> RedisQueues:
    return RedisQueues(host="127.0.0.1", port=port, prefix="shop_database_")


def actions(logged: Sequence[object]) -> list[object]:
    return [line["action"] for line in logged if isinstance(line, dict)]


@asynchronous
async def test_a_dead_server_is_a_line_of_the_log_a_minute_however_many_queues_it_has() -> None:
    clock, connection = Clock(), queues(free_port())
    async with a_meter(clock) as meter:
        with capture_logs() as logged:
            for _ in range(150):
                clock.now += 1
                for name in ("default", "emails", "reports"):
                    unknown(await meter.measure(connection, name))
    assert actions(logged) == ["queue.unmeasurable"] * 3


@asynchronous
async def test_a_server_that_comes_and_goes_is_no_more_than_that_and_the_word_that_it_is_back(
    tmp_path: Path,
) -> None:
    clock, port = Clock(), free_port()
    async with a_meter(clock) as meter:
        with capture_logs() as logged:
            for _ in range(5):
                clock.now += 5
                unknown(await meter.measure(queues(port), "default"))
                with RedisServer(tmp_path, port=port):
                    clock.now += 5
                    known(await meter.measure(queues(port), "default"))
    assert actions(logged) == ["queue.unmeasurable", "queue.measurable"]


@asynchronous
async def test_a_queue_that_is_none_leaves_the_others_of_its_server_in_sight(tmp_path: Path) -> None:
    clock = Clock()
    with RedisServer(tmp_path) as server, capture_logs() as logged:
        server.client.rpush("shop_database_queues:default", '{"uuid":"one"}')
        server.client.set("shop_database_queues:text", "no list")
        server.client.rpush("other_database_queues:emails", "{}")
        async with a_meter(clock) as meter:
            for _ in range(30):
                clock.now += 1
                assert "is no queue" in unknown(await meter.measure(queues(server.port), "text"))
                assert "REDIS_PREFIX" in unknown(await meter.measure(queues(server.port), "emails"))
                assert known(await meter.measure(queues(server.port), "default")).waiting == 1
    assert actions(logged) == ["queue.unmeasurable"] * 2


@asynchronous
async def test_two_who_ask_for_one_queue_at_once_see_the_same_go_through_it(tmp_path: Path) -> None:
    clock = Clock()
    with RedisServer(tmp_path) as server:
        key = "shop_database_queues:default"
        server.client.rpush(key, *(f'{{"uuid":"{number}"}}' for number in range(9)))
        async with a_meter(clock) as meter:
            await meter.measure(queues(server.port), "default")
            server.client.lpop(key, 4)
            clock.now += 1
            one = known(await meter.measure(queues(server.port), "default"))
            clock.now += 0.01
            assert known(await meter.measure(queues(server.port), "default")) == one
    assert one.flow is not None
    assert (one.flow.seconds, one.flow.taken) == (1.0, 4)


@pytest.mark.parametrize(
    "name", ["*", "a[b]c?", "with blank", "naïve 🚂", "x" * 10_000, "default:delayed", "\r\nFLUSHALL"]
)
def test_hostile_names_of_queues_are_names(tmp_path: Path, name: str) -> None:
    @asynchronous
    async def test() -> None:
        with RedisServer(tmp_path) as server:
            server.client.rpush("shop_database_queues:" + name, '{"uuid":"one"}')
            server.client.rpush("other_database_queues:default", "{}")
            async with a_meter() as meter:
                assert known(await meter.measure(queues(server.port), name)).waiting == 1

    test()


def test_a_library_that_is_not_there_is_named_with_the_line_that_installs_it() -> None:
    with pytest.raises(UnmeasurableError, match=r"python.* -m pip install 'no_such_library'"):
        imported("no_such_library.part")
