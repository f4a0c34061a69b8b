import json
from pathlib import Path
from typing import Any

import pytest

from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    RedisQueues,
    SqsQueues,
    UnmeasurableError,
)
from engineroom.queues.discovery import Place, find
from engineroom.queues.framework import redis_prefix, slug


def an_application(folder: Path, version: str = "v12.3.0", dotenv: str = "") -> Path:
    lock = {"packages": [{"name": "laravel/framework", "version": version}]}
    (folder / "composer.lock").write_text(json.dumps(lock))
    (folder / ".env").write_text(dotenv)
    return folder


def redis(folder: Path, **variables: str) -> RedisQueues:
    found = find(folder, variables, "redis", None).connection
    assert isinstance(found, RedisQueues)
    return found


def database(folder: Path, **variables: str) -> DatabaseQueues:
    found = find(folder, variables, "database", None).connection
    assert isinstance(found, DatabaseQueues)
    return found


@pytest.mark.parametrize(
    ("version", "prefix"),
    [("v8.83.29", "my_app_database_"), ("v12.67.0", "my_app_database_"), ("v13.26.1", "my-app-database-")],
)
def test_the_prefix_is_that_of_the_frameworks_version(tmp_path: Path, version: str, prefix: str) -> None:
    assert redis(an_application(tmp_path, version), APP_NAME="My App").prefix == prefix


@pytest.mark.parametrize("given", ["", "shop_"])
def test_a_prefix_that_is_given_wins_even_when_it_is_empty(tmp_path: Path, given: str) -> None:
    assert redis(an_application(tmp_path), REDIS_PREFIX=given).prefix == given


def test_variables_of_the_environment_win_over_the_dotenv(tmp_path: Path) -> None:
    folder = an_application(
        tmp_path, dotenv='REDIS_HOST=10.0.0.1\nREDIS_PORT=6380\nREDIS_PASSWORD=null\nAPP_NAME="Big ${KIND}"\n'
    )

    found = redis(folder, REDIS_HOST="10.0.0.2")

    assert (found.host, found.port, found.password) == ("10.0.0.2", 6380, None)


def test_the_dotenv_fills_in_its_own_variables_and_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "secret")
    folder = an_application(tmp_path, dotenv='NAME=shop\nREDIS_PREFIX="${NAME}:${SECRET_OF_OURS}:"\n')

    assert redis(folder).prefix == "shop:${SECRET_OF_OURS}:"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"REDIS_URL": "rediss://me:pa%20ss@cache:7000/3"}, ("cache", 7000, 3, "me", "pa ss", True)),
        (
            {"REDIS_HOST": "tls://cache", "REDIS_USERNAME": "me"},
            ("cache", 6379, 0, "me", None, True),
        ),
        (
            {"REDIS_QUEUE_CONNECTION": "cache", "REDIS_HOST": "cache"},
            ("cache", 6379, 1, None, None, False),
        ),
    ],
)
def test_redis_is_found_as_the_framework_finds_it(
    tmp_path: Path, variables: dict[str, str], expected: tuple[Any, ...]
) -> None:
    found = redis(an_application(tmp_path), **variables)

    assert (
        found.host,
        found.port,
        found.database,
        found.username,
        found.password,
        found.tls,
    ) == expected


def test_redis_may_listen_on_a_socket(tmp_path: Path) -> None:
    assert redis(an_application(tmp_path), REDIS_HOST="/run/redis.sock").socket == "/run/redis.sock"


@pytest.mark.parametrize(("version", "dialect"), [("v10.50.3", "mysql"), ("v11.0.0", "sqlite")])
def test_the_default_database_is_that_of_the_version(tmp_path: Path, version: str, dialect: str) -> None:
    assert database(an_application(tmp_path, version)).dialect == dialect


def test_a_database_may_be_given_as_an_address(tmp_path: Path) -> None:
    found = database(
        an_application(tmp_path),
        DB_CONNECTION="pgsql",
        DB_URL="postgres://me:secret@db:6432/shop",
        DB_QUEUE_RETRY_AFTER="120",
    )

    assert (found.dialect, found.host, found.port, found.database) == ("postgresql", "db", 6432, "shop")
    assert (found.username, found.password, found.retry_after_seconds) == ("me", "secret", 120)
    assert "secret" not in repr(found)


def test_a_worker_without_a_connection_takes_the_applications_default(tmp_path: Path) -> None:
    folder = an_application(tmp_path)

    assert find(folder, {}, None, "high,low").queues == ("high", "low")
    assert isinstance(find(folder, {}, None, None).connection, DatabaseQueues)
    assert isinstance(find(folder, {"QUEUE_CONNECTION": "redis"}, None, None).connection, RedisQueues)


def test_sqs_and_beanstalkd_are_found(tmp_path: Path) -> None:
    folder = an_application(tmp_path)

    assert find(
        folder, {"SQS_PREFIX": "https://sqs.eu-west-1.amazonaws.com/1", "SQS_QUEUE": "jobs"}, "sqs", None
    ) == Place(connection=SqsQueues(prefix="https://sqs.eu-west-1.amazonaws.com/1"), queues=("jobs",))
    assert find(folder, {}, "beanstalkd", None).connection == BeanstalkdQueues(host="localhost")


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


@pytest.mark.parametrize(
    ("connection", "variables", "words"),
    [
        ("sync", {}, "no queue that could be measured"),
        ("rabbitmq", {}, "ENGINEROOM_QUEUE_RABBITMQ"),
        ("redis", {"ENGINEROOM_QUEUE_REDIS": "cache:6379"}, "is no address of queues"),
        ("redis", {"ENGINEROOM_QUEUE_REDIS": "redis://cache:port"}, "is no address of queues"),
        ("sqs", {}, "SQS_PREFIX is not set"),
        ("database", {"DB_CONNECTION": "sqlsrv"}, "'sqlsrv' cannot be measured"),
        ("redis", {"REDIS_QUEUE_CONNECTION": "other"}, "ENGINEROOM_QUEUE_REDIS"),
    ],
)
def test_what_cannot_be_found_says_what_to_do(
    tmp_path: Path, connection: str, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(UnmeasurableError, match=words):
        find(an_application(tmp_path), variables, connection, None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My App", "my_app"), ("Café  del-Mar!", "cafe_del_mar"), ("me@home", "me_at_home"), ("_x_", "x")],
)
def test_a_slug_is_the_frameworks(name: str, expected: str) -> None:
    assert slug(name, "_") == expected


def test_the_prefix_of_a_newer_framework_has_dashes() -> None:
    assert redis_prefix("My App", 13) == "my-app-database-"
    assert redis_prefix("My App", 12) == "my_app_database_"


@pytest.mark.parametrize(
    ("given", "file"),
    [("storage/queue.sqlite", "{folder}/storage/queue.sqlite"), ("/srv/q.sqlite", "/srv/q.sqlite")],
)
def test_the_file_of_a_sqlite_is_looked_for_where_the_application_runs(
    tmp_path: Path, given: str, file: str
) -> None:
    found = database(an_application(tmp_path), DB_CONNECTION="sqlite", DB_DATABASE=given)

    assert found.database == file.format(folder=tmp_path)


def test_names_of_queues_are_split_as_a_worker_splits_them(tmp_path: Path) -> None:
    found = find(an_application(tmp_path), {}, "redis", "high, default,")

    assert found.queues == ("high", " default")
