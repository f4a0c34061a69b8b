import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from engineroom.model.queue import Age, Measurement, Unknown
from engineroom.queues.base import RedisQueues, Tls
from engineroom.queues.discovery import find
from tests.queues.measuring import Clock, a_meter, known, measure_once, unknown
from tests.runtime.asynchronous import asynchronous, eventually
from tests.support.certificates import localhost_certificate
from tests.support.laravel import LaravelApplication
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import patient

pytestmark = pytest.mark.needs("redis-server")

LARAVEL = pytest.mark.needs("php", "php-redis", "laravel")


def queues(server: RedisServer, **changes: object) -> RedisQueues:
    return RedisQueues(host="127.0.0.1", port=server.port, **{"prefix": "shop_database_", **changes})  # type: ignore[arg-type]


def push(server: RedisServer, *names: str, **fields: object) -> None:
    for name in names:
        server.client.rpush("shop_database_queues:default", json.dumps({"uuid": name, **fields}))


@LARAVEL
def test_jobs_that_a_real_laravel_pushed_are_found_where_it_pushed_them(
    laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    laravel.push(3)
    redis_server.client.zadd(redis_server.key("default", "delayed"), {"later": time.time() + 60})

    place = find(laravel.folder, laravel.variables, "redis", None)
    measured = known(measure_once(place.connection, place.queues[0]))

    assert (measured.waiting, measured.delayed, measured.available) == (3, 1, 3)


def test_what_only_a_pop_would_move_counts_as_available(redis_server: RedisServer) -> None:
    now = time.time()
    key = "shop_database_queues:default"
    push(redis_server, "one")
    redis_server.client.zadd(f"{key}:delayed", {"due": now - 5, "later": now + 60})
    redis_server.client.zadd(f"{key}:reserved", {"lost": now - 1, "in hand": now + 60, "too": now + 60})

    measured = known(measure_once(queues(redis_server)))

    assert (measured.waiting, measured.due, measured.delayed) == (1, 1, 1)
    assert (measured.reserved, measured.expired, measured.available) == (2, 1, 3)


def test_a_queue_without_keys_is_empty(redis_server: RedisServer) -> None:
    assert known(measure_once(queues(redis_server))).available == 0


@pytest.mark.parametrize(
    ("fields", "age"),
    [
        (lambda now: {"createdAt": int(now) - 100}, 100),
        (lambda now: {"createdAt": int(now) - 100, "delay": 60}, 40),
        (lambda now: {"pushedAt": f"{now - 100:.4f}"}, 100),
    ],
)
def test_a_payload_with_a_time_of_its_own_tells_the_age(
    redis_server: RedisServer, fields: Callable[[float], dict[str, object]], age: int
) -> None:
    push(redis_server, "old", **fields(time.time()))

    oldest = known(measure_once(queues(redis_server))).oldest

    assert oldest is not None
    assert oldest.at_least_seconds == pytest.approx(age, abs=60)
    assert oldest.at_most_seconds == oldest.at_least_seconds


@asynchronous
async def test_a_payload_without_one_is_as_old_as_its_head_was_seen(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        clock = Clock()
        async with a_meter(clock) as meter:
            assert known(await meter.measure(queues(server), "default")).oldest is None
            clock.now += 3
            push(server, "one", "two")
            assert known(await meter.measure(queues(server), "default")).oldest == Age(
                at_least_seconds=0.0, at_most_seconds=3.0
            )
            clock.now += 10
            assert known(await meter.measure(queues(server), "default")).oldest == Age(
                at_least_seconds=10.0, at_most_seconds=13.0
            )
            server.client.lpop("shop_database_queues:default")
            clock.now += 1
            assert known(await meter.measure(queues(server), "default")).oldest == Age(
                at_least_seconds=0.0, at_most_seconds=14.0
            )


@asynchronous
async def test_what_was_taken_and_what_arrived_is_told_apart(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        clock = Clock()
        async with a_meter(clock) as meter:
            push(server, *(f"job-{number}" for number in range(50)))
            await meter.measure(queues(server), "default")
            server.client.lpop("shop_database_queues:default", 20)
            push(server, *(f"new-{number}" for number in range(7)))
            clock.now += 2

            flow = known(await meter.measure(queues(server), "default")).flow

    assert flow is not None
    assert (flow.seconds, flow.taken, flow.taken_all, flow.arrived) == (2.0, 20, True, 7)


@asynchronous
async def test_a_wrong_password_is_unknown_and_says_so_without_showing_it(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        server.client.config_set("requirepass", "right")
        async with a_meter() as meter:
            reason = unknown(await meter.measure(queues(server, password="wrong-one"), "default"))
            assert "invalid username-password pair" in reason
            assert "wrong-one" not in reason
            assert known(await meter.measure(queues(server, password="right"), "default")).waiting == 0


@asynchronous
async def test_a_wrong_prefix_is_unknown_and_names_the_right_one(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        push(server, "one")
        async with a_meter() as meter:
            reason = unknown(await meter.measure(queues(server, prefix="shop-database-"), "default"))
    assert "'shop_database_queues:default'" in reason
    assert "REDIS_PREFIX" in reason


@asynchronous
async def test_a_queue_that_was_seen_once_may_be_empty_beside_that_of_another_application(
    tmp_path: Path,
) -> None:
    with RedisServer(tmp_path) as server:
        push(server, "one")
        clock = Clock()
        async with a_meter(clock) as meter:
            await meter.measure(queues(server), "default")
            clock.now += 1
            server.client.delete("shop_database_queues:default")
            server.client.rpush("other_database_queues:default", "{}")
            assert known(await meter.measure(queues(server), "default")).available == 0


@asynchronous
async def test_a_restarted_redis_is_unknown_while_it_is_away_and_measured_again_after(tmp_path: Path) -> None:
    clock = Clock()
    async with a_meter(clock) as meter:
        with RedisServer(tmp_path) as server:
            push(server, "one")
            assert known(await meter.measure(queues(server), "default")).waiting == 1
            connection = queues(server)
        clock.now += 1
        reason = unknown(await meter.measure(connection, "default"))
        assert f"127.0.0.1:{connection.port}" in reason
        with RedisServer(tmp_path, port=connection.port):
            still = await meter.measure(connection, "default")
            assert unknown(still) == reason, "a dead server is left alone for a while"
            clock.now += 5
            assert known(await meter.measure(connection, "default")).waiting == 0


@asynchronous
async def test_a_server_that_never_answers_is_given_up() -> None:
    # The kernel takes connections, and nobody reads from them.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = RedisQueues(host="127.0.0.1", port=silent.getsockname()[1])
        async with a_meter() as meter:
            measured = await meter.measure(connection, "default")
    assert "cannot measure" in unknown(measured)


@asynchronous
async def test_a_million_jobs_are_measured_without_going_through_them(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        key = "shop_database_queues:default"
        fill = (
            'for i = 1, 1000000 do redis.call(\'rpush\', KEYS[1], \'{"uuid":"\' .. i .. \'","data":"x"}\') end '
            "for i = 1, 100000 do redis.call('zadd', KEYS[1] .. ':delayed', i, i) end"
        )
        async with a_meter() as meter:
            redis.Redis(port=server.port, socket_timeout=patient(60)).eval(fill, 1, key)
            server.client.config_resetstat()
            measured = await meter.measure(queues(server), "default")
            asked = {name.removeprefix("cmdstat_") for name in server.client.info("commandstats")}
    assert (known(measured).waiting, known(measured).due) == (1_000_000, 100_000)
    # `lrange` is asked for a thousand at most.
    assert {"llen", "zcard", "zcount", "lindex", "lrange"} <= asked
    assert not asked - {
        "llen",
        "zcard",
        "zcount",
        "lindex",
        "lrange",
        "eval",
        "client|setinfo",
        "config|resetstat",
    }


@asynchronous
async def test_a_cluster_with_hash_tags_is_measured(tmp_path: Path) -> None:
    with RedisServer(tmp_path, options=("--cluster-enabled", "yes")) as server:
        server.client.cluster("ADDSLOTSRANGE", 0, 16383)
        await eventually("the cluster is up", lambda: cluster_state(server) == "ok")
        server.client.rpush("shop_database_queues:{default}", '{"uuid":"one"}')
        async with a_meter() as meter:
            measured = await meter.measure(queues(server, cluster=True, hash_tag=True), "default")
    assert known(measured).waiting == 1


def test_nobody_listening_is_unknown() -> None:
    reason = unknown(measure_once(RedisQueues(host="127.0.0.1", port=free_port())))

    assert reason.startswith("cannot measure Redis at 127.0.0.1:")


def cluster_state(server: RedisServer) -> str:
    found = server.client.cluster("INFO")
    return str(found["cluster_state"])


@asynchronous
async def test_a_user_who_may_not_search_is_measured_all_the_same_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RedisServer(tmp_path) as server:
        commands = ["+@all", "-scan", "-keys"]
        server.client.acl_setuser("noscan", enabled=True, passwords=["+pw"], keys=["*"], commands=commands)
        connection = queues(server, username="noscan", password="pw")
        server.client.rpush("other_queues:default", "{}")
        clock = Clock()
        async with a_meter(clock) as meter:
            assert known(await meter.measure(connection, "default")).available == 0
            push(server, "one")
            clock.now += 1
            assert known(await meter.measure(connection, "default")).waiting == 1
    assert "+scan" in capsys.readouterr().out


@asynchronous
async def test_a_user_who_may_not_ask_is_told_what_he_needs(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        server.client.acl_setuser(
            "nozset", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-zcard"]
        )
        server.client.acl_setuser(
            "foreign", enabled=True, passwords=["+pw"], keys=["other_*"], commands=["+@all"]
        )
        async with a_meter() as meter:
            commands = unknown(
                await meter.measure(queues(server, username="nozset", password="pw"), "default")
            )
            keys = unknown(await meter.measure(queues(server, username="foreign", password="pw"), "default"))
    assert "'nozset'" in commands
    assert "ACL SETUSER nozset" in commands
    assert "+zcard" in commands
    assert "'foreign'" in keys
    assert "'shop_database_queues:default'" in keys


@asynchronous
async def test_a_user_who_may_run_no_scripts_is_still_told_how_many_wait(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        server.client.acl_setuser(
            "noeval", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-@scripting"]
        )
        push(server, "one", "two")
        async with a_meter() as meter:
            measured = known(await meter.measure(queues(server, username="noeval", password="pw"), "default"))
    assert (measured.waiting, measured.head) == (2, None)


@asynchronous
async def test_an_application_that_names_its_prefix_is_not_mistaken_for_its_neighbour(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        server.client.rpush("other_database_queues:default", "{}")
        async with a_meter() as meter:
            assert known(await meter.measure(queues(server, certain=True), "default")).available == 0
            assert "other_database_" in unknown(await meter.measure(queues(server), "default"))


@asynchronous
async def test_a_certificate_of_ones_own_is_trusted_when_that_is_said(tmp_path: Path) -> None:
    certificate, port = localhost_certificate(tmp_path), free_port()
    files = (
        "--tls-cert-file",
        str(certificate),
        "--tls-key-file",
        str(certificate),
        "--tls-auth-clients",
        "no",
    )
    with RedisServer(tmp_path, options=("--tls-port", str(port), *files)) as server:
        push(server, "one")

        async def measured(tls: Tls) -> Measurement | Unknown:
            async with a_meter() as meter:
                return await meter.measure(replace(queues(server), port=port, tls=tls), "default")

        refused = unknown(await measured(Tls()))
        assert "cafile" in refused
        assert "verify=0" in refused
        _, _, authorities = certificate.read_text().partition("-----END PRIVATE KEY-----\n")
        assert known(await measured(Tls(authorities=authorities))).waiting == 1
        assert known(await measured(Tls(verify=False))).waiting == 1
