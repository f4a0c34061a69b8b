import json
import os
from pathlib import Path
from typing import Any

import pytest

from engineroom.queues.base import (
    BeanstalkdQueues,
    DatabaseQueues,
    RedisQueues,
    SqsQueues,
    Tls,
    UnmeasurableError,
)
from engineroom.queues.discovery import QueueLocation, Worker, find, locate


def an_application(folder: Path, version: str = "v12.3.0", dotenv: str = "", **files: str) -> Path:
    """Make an application of which the framework is not there, nor its own configuration: only what is given."""
    lock = {"packages": [{"name": "laravel/framework", "version": version}]}
    (folder / "composer.lock").write_text(json.dumps(lock))
    (folder / ".env").write_text(dotenv)
    for name, content in files.items():
        file = folder / "config" / f"{name}.php"
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
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
def test_without_configuration_the_prefix_is_that_of_the_frameworks_version(
    tmp_path: Path, version: str, prefix: str
) -> None:
    found = redis(an_application(tmp_path, version), APP_NAME="My App")

    assert found.prefix == prefix
    assert not found.certain


@pytest.mark.parametrize("version", ["v8.83.29", "v12.67.0", "v13.26.1"])
def test_the_applications_own_prefix_wins_over_that_of_the_version(tmp_path: Path, version: str) -> None:
    database_php = """<?php
        use Illuminate\\Support\\Str as S;
        $name = env('APP_NAME', 'laravel');
        return ['redis' => [
            'options' => ['prefix' => env('REDIS_PREFIX', S::slug($name).':'.S::snake('QueueOf'))],
            'default' => ['host' => env('REDIS_HOST', 'own-host'), 'database' => 4],
        ]];"""
    found = redis(an_application(tmp_path, version, database=database_php), APP_NAME="My App")

    assert (found.prefix, found.host, found.database) == ("my-app:queue_of", "own-host", 4)
    assert found.certain


def test_the_configuration_of_the_installed_framework_is_that_of_what_an_application_leaves_out(
    tmp_path: Path,
) -> None:
    folder = an_application(tmp_path, "v12.67.0", queue="<?php return ['default' => 'redis'];")
    vendored = folder / "vendor/laravel/framework/config"
    vendored.mkdir(parents=True)
    (vendored / "database.php").write_text("<?php return ['redis' => ['default' => ['host' => 'vendored']]];")
    (vendored / "queue.php").write_text(
        "<?php return ['connections' => ['redis' => ['driver' => 'redis', 'queue' => 'of-framework']]];"
    )

    found = find(folder, {}, None, None)

    assert found.queues == ("of-framework",)
    assert isinstance(found.connection, RedisQueues)
    assert found.connection.host == "vendored"


def test_what_is_not_understood_is_unknown_where_it_is_needed_and_nowhere_else(tmp_path: Path) -> None:
    database_php = """<?php
        return [
            'connections' => ['own' => fn () => new Something('), ]')],
            'redis' => [
                'options' => ['prefix' => Tenant::current()->prefix()],
                'default' => ['host' => '127.0.0.1'],
                'second' => ['host' => 'second', 'prefix' => 'known_'],
            ],
        ];"""
    folder = an_application(tmp_path, database=database_php)

    with pytest.raises(UnmeasurableError, match=r"line 5 of database\.php"):
        redis(folder)
    assert redis(folder, REDIS_QUEUE_CONNECTION="second").prefix == "known_"


@pytest.mark.parametrize("given", ["", "shop_"])
def test_a_prefix_that_is_given_wins_even_when_it_is_empty(tmp_path: Path, given: str) -> None:
    assert redis(an_application(tmp_path), REDIS_PREFIX=given).prefix == given


def test_a_name_that_only_php_can_spell_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnmeasurableError, match=r"'店'.*set REDIS_PREFIX"):
        redis(an_application(tmp_path), APP_NAME="店")
    assert redis(an_application(tmp_path), APP_NAME="店", REDIS_PREFIX="shop_").prefix == "shop_"


def test_variables_of_the_environment_win_over_the_dotenv(tmp_path: Path) -> None:
    folder = an_application(
        tmp_path, dotenv='REDIS_HOST=10.0.0.1\nREDIS_PORT=6380\nREDIS_PASSWORD=null\nAPP_NAME="Big ${KIND}"\n'
    )

    found = redis(folder, REDIS_HOST="10.0.0.2")

    assert (found.host, found.port, found.password) == ("10.0.0.2", 6380, None)


def test_a_variable_is_filled_in_from_the_environment_before_the_dotenv(tmp_path: Path) -> None:
    folder = an_application(tmp_path, dotenv='APP_NAME=base\nREDIS_PREFIX="${APP_NAME}_q_"\n')

    assert redis(folder).prefix == "base_q_"
    assert redis(folder, APP_NAME="api").prefix == "api_q_"


def test_the_dotenv_fills_in_its_own_variables_and_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "secret")
    folder = an_application(tmp_path, dotenv='NAME=shop\nREDIS_PREFIX="${NAME}:${SECRET_OF_OURS}:"\n')

    assert redis(folder).prefix == "shop:${SECRET_OF_OURS}:"


def test_the_environment_that_is_told_from_outside_has_a_dotenv_of_its_own(tmp_path: Path) -> None:
    folder = an_application(tmp_path, dotenv="APP_ENV=staging\nREDIS_PREFIX=base_\n")
    (folder / ".env.staging").write_text("REDIS_PREFIX=staging_\n")
    (folder / ".env.testing").write_text("REDIS_PREFIX=testing_\n")

    assert redis(folder).prefix == "base_", "what the file itself says comes too late"
    assert redis(folder, APP_ENV="staging").prefix == "staging_"
    assert redis(folder, APP_ENV="production").prefix == "base_", "there is no such file"
    told = Worker(folder=folder, variables={"APP_ENV": "staging"}, connection="redis", environment="testing")
    found = locate(told).connection
    assert isinstance(found, RedisQueues)
    assert found.prefix == "testing_"


def test_a_dotenv_that_the_application_cannot_read_is_unknown_with_the_reason(tmp_path: Path) -> None:
    folder = an_application(tmp_path, dotenv="APP_NAME=My App\n")

    with pytest.raises(UnmeasurableError, match=r"cannot read .*\.env: .*whitespace"):
        redis(folder)


def test_a_cached_configuration_wins_over_everything(tmp_path: Path) -> None:
    folder = an_application(tmp_path, dotenv="REDIS_HOST=not-this\n")
    cached = folder / "bootstrap" / "cache" / "config.php"
    cached.parent.mkdir(parents=True)
    cached.write_text(
        """<?php return array (
          'app' => array ('mailer' => \\Some\\Thing::__set_state(array()), 'rate' => 0.5, 'offset' => -3),
          'queue' => array ('default' => 'redis', 'connections' => array ('redis' =>
            array ('driver' => 'redis', 'connection' => 'default', 'queue' => 'cached'))),
          'database' => array ('redis' => array (
            'options' => array ('prefix' => 'it\\'s_'),
            'default' => array ('url' => NULL, 'host' => 'cached-host', 'port' => '6400', 'database' => '7'))),
        );"""
    )

    found = find(folder, {"REDIS_HOST": "nor-this"}, None, None)

    assert found == QueueLocation(
        connection=RedisQueues(host="cached-host", port=6400, database=7, prefix="it's_", certain=True),
        queues=("cached",),
    )


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"REDIS_URL": "rediss://me:pa%20ss@cache:7000/3"}, ("cache", 7000, 3, "me", "pa ss", True)),
        ({"REDIS_URL": "redis://cache?database=2", "REDIS_DB": "1"}, ("cache", 6379, 2, None, None, False)),
        ({"REDIS_URL": "redis://:p[w:1@cache"}, ("cache", 6379, 0, None, "p[w:1", False)),
        ({"REDIS_URL": "redis://:123@[::1]:7000"}, ("::1", 7000, 0, None, "123", False)),
        (
            {"REDIS_HOST": "tls://cache", "REDIS_USERNAME": "me", "REDIS_PASSWORD": "pw"},
            ("cache", 6379, 0, "me", "pw", True),
        ),
        ({"REDIS_USERNAME": "without-a-password"}, ("127.0.0.1", 6379, 0, None, None, False)),
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
        found.tls is not None,
    ) == expected


def test_redis_may_listen_on_a_socket(tmp_path: Path) -> None:
    assert redis(an_application(tmp_path), REDIS_HOST="/run/redis.sock").socket == "/run/redis.sock"


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("", Tls()),
        ("'context' => ['stream' => ['verify_peer' => false]],", Tls(verify=False)),
        (
            "'context' => ['verify_peer' => false, 'verify_peer_name' => false],",
            Tls(verify=False, verify_name=False),
        ),
        ("'ssl' => ['cafile' => base_path('ca.pem')],", Tls(authorities="the authority")),
        (
            "'context' => ['stream' => ['cafile' => env('CA'), 'verify_peer_name' => 0]],",
            Tls(authorities="the authority", verify_name=False),
        ),
    ],
)
def test_certificates_are_trusted_as_the_connection_of_the_application_says(
    tmp_path: Path, context: str, expected: Tls
) -> None:
    (tmp_path / "ca.pem").write_text("the authority")
    database_php = (
        f"<?php return ['redis' => ['default' => ['scheme' => 'tls', 'host' => 'cache', {context}]]];"
    )
    folder = an_application(tmp_path, database=database_php)

    assert redis(folder, CA="ca.pem").tls == expected


def test_a_file_of_certificates_that_is_not_there_is_told(tmp_path: Path) -> None:
    database_php = (
        "<?php return ['redis' => ['default' => ['host' => 'tls://c', 'ssl' => ['cafile' => 'no.pem']]]];"
    )

    with pytest.raises(UnmeasurableError, match=r"no file of certificates .*no\.pem"):
        redis(an_application(tmp_path, database=database_php))


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


def test_a_table_has_the_prefix_of_its_database_and_is_looked_for_where_that_looks(tmp_path: Path) -> None:
    database_php = """<?php return ['default' => 'main', 'connections' => ['main' => [
        'driver' => 'pgsql', 'host' => ['first', 'second'], 'prefix' => 'app_', 'search_path' => 'tenants, public',
        'sslmode' => 'require', 'write' => ['host' => 'writer'], 'read' => ['host' => 'reader']]]];"""
    found = database(an_application(tmp_path, database=database_php))

    assert (found.host, found.table, found.search_path) == ("writer", "app_jobs", '"tenants","public"')
    assert found.ssl_mode == "require"


def test_a_worker_without_a_connection_takes_the_applications_default(tmp_path: Path) -> None:
    folder = an_application(tmp_path)

    assert find(folder, {}, None, "high,low").queues == ("high", "low")
    assert isinstance(find(folder, {}, None, None).connection, DatabaseQueues)
    assert isinstance(find(folder, {"QUEUE_CONNECTION": "redis"}, None, None).connection, RedisQueues)


def test_sqs_and_beanstalkd_are_found(tmp_path: Path) -> None:
    folder = an_application(tmp_path)

    assert find(
        folder, {"SQS_PREFIX": "https://sqs.eu-west-1.amazonaws.com/1", "SQS_QUEUE": "jobs"}, "sqs", None
    ) == QueueLocation(connection=SqsQueues(prefix="https://sqs.eu-west-1.amazonaws.com/1"), queues=("jobs",))
    assert find(folder, {}, "beanstalkd", None).connection == BeanstalkdQueues(host="localhost")


@pytest.mark.parametrize(
    ("connection", "variables", "words"),
    [
        ("sync", {}, "no queue that could be measured"),
        ("rabbitmq", {}, "ENGINEROOM_QUEUE_RABBITMQ"),
        ("redis", {"REDIS_URL": "redis://127.0.0.1:99999"}, "none beyond 65535"),
        ("redis", {"REDIS_PORT": "99999"}, "port 99999"),
        (
            "database",
            {"DB_CONNECTION": "mysql", "DB_URL": "mysql://u:p@127.0.0.1:99999/db"},
            "none beyond 65535",
        ),
        ("database", {"DB_CONNECTION": "sqlite", "DB_DATABASE": ":memory:"}, "in the memory"),
        ("sqs", {}, "SQS_PREFIX is not set"),
        ("database", {"DB_CONNECTION": "sqlsrv"}, "'sqlsrv' cannot be measured"),
        ("redis", {"REDIS_QUEUE_CONNECTION": "other"}, "no Redis connection 'other'"),
    ],
)
def test_what_cannot_be_found_says_what_to_do(
    tmp_path: Path, connection: str, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(UnmeasurableError, match=words):
        find(an_application(tmp_path), variables, connection, None)


def test_a_folder_without_an_application_says_how_to_tell_where_the_queue_is(tmp_path: Path) -> None:
    with pytest.raises(UnmeasurableError, match="ENGINEROOM_QUEUE_REDIS"):
        locate(Worker(folder=tmp_path, variables={}, connection="redis", laravels=False))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    folder = an_application(tmp_path)
    (folder / ".env").unlink()
    os.mkfifo(folder / ".env")

    with pytest.raises(UnmeasurableError, match="no regular file"):
        redis(folder)


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
