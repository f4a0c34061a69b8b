"""What the framework has where an application has no file of configuration of its own, by its version.

Since version 11 an application may leave them out. Older ones cannot; for them it is what their skeleton began with.
"""

from engineroom.queues.laravel import text
from engineroom.queues.laravel.env import Env
from engineroom.queues.laravel.settings import Version
from engineroom.queues.laravel.values import Array, UnreadableValue, Value, as_integer, as_text

SLIM = 11
"""The version since which the framework has configuration of its own, which it merges with the application's."""
_DASHES = 13
_SERVERS = {"mysql": "3306", "mariadb": "3306", "pgsql": "5432", "sqlsrv": "1433"}


def queue(env: Env, version: Version) -> Array:
    """Return what `config/queue.php` would say."""
    get, slim = _Getter(env), version[0] >= SLIM
    named = get if slim else _Getter(Env({}))
    return {
        "default": get("QUEUE_CONNECTION", "database" if slim else "sync"),
        "connections": {
            "sync": {"driver": "sync"},
            "database": {
                "driver": "database",
                "connection": named("DB_QUEUE_CONNECTION"),
                "table": named("DB_QUEUE_TABLE", "jobs"),
                "queue": named("DB_QUEUE", "default"),
                "retry_after": as_integer(named("DB_QUEUE_RETRY_AFTER", 90)),
            },
            "beanstalkd": {
                "driver": "beanstalkd",
                "host": named("BEANSTALKD_QUEUE_HOST", "localhost"),
                "queue": named("BEANSTALKD_QUEUE", "default"),
            },
            "sqs": {
                "driver": "sqs",
                "key": get("AWS_ACCESS_KEY_ID"),
                "secret": get("AWS_SECRET_ACCESS_KEY"),
                "prefix": get("SQS_PREFIX", "https://sqs.us-east-1.amazonaws.com/your-account-id"),
                "queue": get("SQS_QUEUE", "default"),
                "suffix": get("SQS_SUFFIX"),
                "region": get("AWS_DEFAULT_REGION", "us-east-1"),
            },
            "redis": {
                "driver": "redis",
                "connection": named("REDIS_QUEUE_CONNECTION", "default"),
                "queue": get("REDIS_QUEUE", "default"),
            },
        },
        "failed": {
            "driver": get("QUEUE_FAILED_DRIVER", "database-uuids"),
            "database": get("DB_CONNECTION", _default_database(version)),
            "table": "failed_jobs",
        },
    }


def database(env: Env, version: Version, folder: str) -> Array:
    """Return what `config/database.php` would say."""
    get = _Getter(env)
    url = get("DB_URL" if version[0] >= SLIM else "DATABASE_URL")
    server: Array = {
        "url": url,
        "host": get("DB_HOST", "127.0.0.1"),
        "database": get("DB_DATABASE", "laravel" if version[0] >= SLIM else "forge"),
        "username": get("DB_USERNAME", "root" if version[0] >= SLIM else "forge"),
        "password": get("DB_PASSWORD", ""),
        "unix_socket": get("DB_SOCKET", ""),
        "options": {1009: get("MYSQL_ATTR_SSL_CA")},
        "search_path": "public",
        "sslmode": "prefer",
    }
    servers: Array = {
        name: {**server, "driver": name, "port": get("DB_PORT", port)} for name, port in _SERVERS.items()
    }
    sqlite: Array = {
        "driver": "sqlite",
        "url": url,
        "database": get("DB_DATABASE", f"{folder}/database/database.sqlite"),
    }
    return {
        "default": get("DB_CONNECTION", _default_database(version)),
        "connections": {"sqlite": sqlite, **servers},
        "redis": {
            "options": {"prefix": get("REDIS_PREFIX", _prefix(get("APP_NAME", "laravel"), version))},
            "default": _redis(get, "REDIS_DB", "0"),
            "cache": _redis(get, "REDIS_CACHE_DB", "1"),
        },
    }


def _default_database(version: Version) -> str:
    return "sqlite" if version[0] >= SLIM else "mysql"


def _redis(get: "_Getter", number: str, default: str) -> Array:
    return {
        "url": get("REDIS_URL"),
        "scheme": get("REDIS_SCHEME"),
        "host": get("REDIS_HOST", "127.0.0.1"),
        "username": get("REDIS_USERNAME"),
        "password": get("REDIS_PASSWORD"),
        "port": get("REDIS_PORT", "6379"),
        "database": get(number, default),
    }


def _prefix(application: Value, version: Version) -> Value:
    name = as_text(application)
    if isinstance(name, UnreadableValue):
        return name
    try:
        if version[0] >= _DASHES:
            return f"{text.slug(name)}-database-"
        return f"{text.slug(name, '_')}_database_"
    except text.SpellingError as error:
        return UnreadableValue(f"APP_NAME, of which {error}; set REDIS_PREFIX")


class _Getter:
    """The framework's `env()`."""

    def __init__(self, env: Env) -> None:
        self._env = env

    def __call__(self, name: str, default: Value = None) -> Value:
        return self._env.get(name) if name in self._env else default
