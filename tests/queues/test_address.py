import json
from pathlib import Path

import pytest

from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    Layout,
    RedisQueues,
    SqsQueues,
    Tls,
    UnmeasurableError,
)
from engineroom.queues.discovery import Worker, find, locate


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "redis://:pw@cache:7000/2?prefix=shop_",
            RedisQueues(host="cache", port=7000, database=2, password="pw", prefix="shop_"),
        ),
        ("mysql://me@db/shop?table=work", None),
        ("sqlite:///data/shop.sqlite", DatabaseQueues(dialect="sqlite", database="/data/shop.sqlite")),
        ("beanstalkd://beans:11301", BeanstalkdQueues(host="beans", port=11301)),
        ("https://sqs.example/1", SqsQueues(prefix="https://sqs.example/1")),
        ("redis://cache?framework=bullmq", RedisQueues(host="cache", layout=Layout.BULLMQ)),
        (
            "unix:///run/redis.sock?framework=rq",
            RedisQueues(host="socket", socket="/run/redis.sock", layout=Layout.RQ),
        ),
        ("rediss://cache?verify=0", RedisQueues(host="cache", tls=Tls(verify=False))),
    ],
)
def test_an_environment_may_say_where_a_connection_of_its_own_is(
    tmp_path: Path, address: str, expected: object
) -> None:
    found = find(tmp_path, {"ENGINEROOM_QUEUE_MY_OWN": address}, "my-own", "q").connection

    if expected is None:
        expected = DatabaseQueues(
            dialect="mysql", host="db", port=3306, database="shop", username="me", table="work"
        )
    assert found == expected


def test_what_is_told_of_another_world_is_measured_as_it_is(tmp_path: Path) -> None:
    def layout(folder: Path, address: str, *, laravels: bool) -> Layout:
        variables = {"ENGINEROOM_QUEUE_REDIS": address}
        worker = Worker(folder=folder, variables=variables, connection="redis", laravels=laravels)
        found = locate(worker).connection
        assert isinstance(found, RedisQueues)
        return found.layout

    assert layout(tmp_path, "redis://cache/0", laravels=False) is Layout.LIST
    assert layout(tmp_path, "redis://cache/0", laravels=True) is Layout.LARAVEL
    assert layout(tmp_path, "redis://cache/0?prefix=shop_", laravels=False) is Layout.LARAVEL
    assert layout(tmp_path, "redis://cache/0?framework=list", laravels=True) is Layout.LIST
    lock = {"packages": [{"name": "laravel/framework", "version": "v12.0.0"}]}
    (tmp_path / "composer.lock").write_text(json.dumps(lock))
    assert layout(tmp_path, "redis://cache/0", laravels=False) is Layout.LARAVEL


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("cache:6379", "is no address of queues"),
        ("redis://cache:port", "is no address of queues"),
        ("redis://cache/abc", "database is no number"),
        ("redis://cache?framework=cellery", "celery"),
    ],
)
def test_what_is_no_address_says_so(tmp_path: Path, address: str, words: str) -> None:
    with pytest.raises(UnmeasurableError, match=words):
        find(tmp_path, {"ENGINEROOM_QUEUE_REDIS": address}, "redis", None)
