"""Applications of Laravel 10, 11, 12 and 13, as their own files of configuration have them after `laravel new`."""

import json
import shutil
from pathlib import Path

from tests.support.laravel import EXAMPLE

VERSIONS = ("10.48.0", "11.31.0", "12.0.1", "12.30.0", "13.5.0")
"""Of the framework; in 12 the skeleton's prefix changed, and the framework's own did not."""


def slim(version: str) -> bool:
    """Return whether the skeleton is one of the smaller ones, which read more variables."""
    return int(version.split(".", maxsplit=1)[0]) >= 11


def prefix(version: str) -> str:
    """Return the PHP with which the skeleton of a version makes the prefix of its keys."""
    major, minor, _ = map(int, version.split("."))
    if (major, minor) >= (12, 1):
        return "Str::slug((string) env('APP_NAME', 'laravel')).'-database-'"
    return "Str::slug(env('APP_NAME', 'laravel'), '_').'_database_'"


def database_php(version: str) -> str:
    """Return `config/database.php`."""
    url = "DB_URL" if slim(version) else "DATABASE_URL"
    name = "laravel" if slim(version) else "forge"
    user = "root" if slim(version) else "forge"
    certificate = "PDO::MYSQL_ATTR_SSL_CA"
    if int(version.split(".", maxsplit=1)[0]) >= 12:
        certificate = "(PHP_VERSION_ID >= 80500 ? \\Pdo\\Mysql::ATTR_SSL_CA : \\PDO::MYSQL_ATTR_SSL_CA)"
    server = f"""
            'url' => env('{url}'),
            'host' => env('DB_HOST', '127.0.0.1'),
            'database' => env('DB_DATABASE', '{name}'),
            'username' => env('DB_USERNAME', '{user}'),
            'password' => env('DB_PASSWORD', ''),
            'prefix' => '',"""
    redis = """
            'url' => env('REDIS_URL'),
            'host' => env('REDIS_HOST', '127.0.0.1'),
            'username' => env('REDIS_USERNAME'),
            'password' => env('REDIS_PASSWORD'),
            'port' => env('REDIS_PORT', '6379'),"""
    return f"""<?php

use Illuminate\\Support\\Str;

return [

    // Which of the connections below is taken when none is named.
    'default' => env('DB_CONNECTION', '{"sqlite" if slim(version) else "mysql"}'),

    'connections' => [

        'sqlite' => [
            'driver' => 'sqlite',
            'url' => env('{url}'),
            'database' => env('DB_DATABASE', database_path('database.sqlite')),
            'prefix' => '',
            'foreign_key_constraints' => env('DB_FOREIGN_KEYS', true),
        ],

        'mysql' => [
            'driver' => 'mysql',{server}
            'port' => env('DB_PORT', '3306'),
            'unix_socket' => env('DB_SOCKET', ''),
            'strict' => true,
            'options' => extension_loaded('pdo_mysql') ? array_filter([
                {certificate} => env('MYSQL_ATTR_SSL_CA'),
            ]) : [],
        ],

        'pgsql' => [
            'driver' => 'pgsql',{server}
            'port' => env('DB_PORT', '5432'),
            'search_path' => 'public',
            'sslmode' => env('DB_SSLMODE', 'prefer'),
        ],
    ],

    'migrations' => {"['table' => 'migrations', 'update_date_on_publish' => true]" if slim(version) else "'migrations'"},

    'redis' => [

        'client' => env('REDIS_CLIENT', 'phpredis'),

        'options' => [
            'cluster' => env('REDIS_CLUSTER', 'redis'),
            'prefix' => env('REDIS_PREFIX', {prefix(version)}),
        ],

        'default' => [{redis}
            'database' => env('REDIS_DB', '0'),
        ],

        'cache' => [{redis}
            'database' => env('REDIS_CACHE_DB', '1'),
        ],
    ],
];
"""


def queue_php(version: str) -> str:
    """Return `config/queue.php`."""

    def named(variable: str, default: str) -> str:
        return f"env('{variable}', {default})" if slim(version) else default

    return f"""<?php

return [
    'default' => env('QUEUE_CONNECTION', '{"database" if slim(version) else "sync"}'),

    'connections' => [
        'sync' => ['driver' => 'sync'],

        'database' => [
            'driver' => 'database',
            {"'connection' => env('DB_QUEUE_CONNECTION')," if slim(version) else ""}
            'table' => {named("DB_QUEUE_TABLE", "'jobs'")},
            'queue' => {named("DB_QUEUE", "'default'")},
            'retry_after' => {"(int) " if slim(version) else ""}{named("DB_QUEUE_RETRY_AFTER", "90")},
            'after_commit' => false,
        ],

        'beanstalkd' => [
            'driver' => 'beanstalkd',
            'host' => {named("BEANSTALKD_QUEUE_HOST", "'localhost'")},
            'queue' => {named("BEANSTALKD_QUEUE", "'default'")},
            'retry_after' => 90,
            'block_for' => 0,
        ],

        'sqs' => [
            'driver' => 'sqs',
            'key' => env('AWS_ACCESS_KEY_ID'),
            'secret' => env('AWS_SECRET_ACCESS_KEY'),
            'prefix' => env('SQS_PREFIX', 'https://sqs.us-east-1.amazonaws.com/your-account-id'),
            'queue' => env('SQS_QUEUE', 'default'),
            'suffix' => env('SQS_SUFFIX'),
            'region' => env('AWS_DEFAULT_REGION', 'us-east-1'),
        ],

        'redis' => [
            'driver' => 'redis',
            'connection' => {named("REDIS_QUEUE_CONNECTION", "'default'")},
            'queue' => env('REDIS_QUEUE', 'default'),
            'retry_after' => 90,
            'block_for' => null,
        ],
    ],

    'failed' => [
        'driver' => env('QUEUE_FAILED_DRIVER', 'database-uuids'),
        'database' => env('DB_CONNECTION', '{"sqlite" if slim(version) else "mysql"}'),
        'table' => 'failed_jobs',
    ],
];
"""


def skeleton(folder: Path, version: str, dotenv: str = "") -> Path:
    """Make an application whose configuration is that of a version, on the framework that is installed."""
    shutil.copytree(
        EXAMPLE, folder, ignore=shutil.ignore_patterns("*.sqlite*", ".env", "services.php", "packages.php")
    )
    (folder / "config" / "database.php").write_text(database_php(version))
    (folder / "config" / "queue.php").write_text(queue_php(version))
    locked = {"packages": [{"name": "laravel/framework", "version": f"v{version}"}]}
    (folder / "composer.lock").write_text(json.dumps(locked))
    (folder / ".env").write_text(dotenv)
    return folder
