"""A default application of each version is found where it really is, with PHP and without."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engineroom.queues.discovery import Worker, locate
from engineroom.queues.laravel import files
from engineroom.queues.laravel.settings import LaravelSettings
from tests.queues.laravel.asked import ask
from tests.queues.measuring import known, measure_once
from tests.support.laravel import LaravelApplication
from tests.support.redis_server import RedisServer
from tests.support.skeletons import VERSIONS, skeleton

pytestmark = pytest.mark.needs("php", "php-redis", "laravel")

Says = Callable[[Path, Mapping[str, str]], LaravelSettings]


def by_its_files(folder: Path, variables: Mapping[str, str]) -> LaravelSettings:
    return files.settings(folder, variables, None)


WAYS = pytest.mark.parametrize("says", [ask, by_its_files], ids=["asked", "read"])


@WAYS
@pytest.mark.needs("redis-server")
@pytest.mark.parametrize("version", VERSIONS)
def test_the_jobs_of_a_new_application_are_counted(
    tmp_path: Path, redis_server: RedisServer, version: str, says: Says
) -> None:
    folder = skeleton(
        tmp_path / "app", version, f'APP_NAME="My Shöp"\nREDIS_PORT={redis_server.port}\nREDIS_DB=2\n'
    )
    LaravelApplication.at(folder, tmp_path).push(3)

    found = locate(Worker(folder=folder, variables={}, connection="redis"), says(folder, {}))

    assert found.queues == ("default",)
    assert known(measure_once(found.connection)).waiting == 3


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"QUEUE_CONNECTION": "redis", "REDIS_QUEUE": "jobs", "APP_NAME": "Another_Name"},
        {
            "DB_CONNECTION": "mysql",
            "QUEUE_CONNECTION": "database",
            "MYSQL_ATTR_SSL_CA": "/ca.pem",
            "DB_QUEUE": "work",
        },
        {"DB_CONNECTION": "pgsql", "QUEUE_CONNECTION": "database", "DB_PORT": "5433", "DB_PASSWORD": "null"},
        {"DB_URL": "mysql://u:p%40@db:3307/shop", "DATABASE_URL": "mysql://u:p%40@db:3307/shop"},
        {"REDIS_URL": "tls://u:12345@cache:6380?database=3&prefix=own_", "REDIS_DB": "1"},
        {"REDIS_HOST": "/run/redis.sock", "REDIS_PREFIX": ""},
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_its_files_say_what_it_says_itself(tmp_path: Path, version: str, variables: dict[str, str]) -> None:
    folder = skeleton(tmp_path / "app", version)
    given = {"DB_CONNECTION": "sqlite", "QUEUE_CONNECTION": "database", **variables}
    asked, read = ask(folder, given), by_its_files(folder, given)

    for connection in (None, "redis", "database", "beanstalkd"):
        worker = Worker(folder=folder, variables=given, connection=connection)
        assert locate(worker, read) == locate(worker, asked)
