"""What some tests need of the machine beyond Python, and which package brings it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Need(NamedTuple):
    """A thing that a test may need. `package` is its name on Debian and Ubuntu."""

    package: str
    is_there: Callable[[], bool]


def missing(name: str) -> str:
    """Return why the need is not met and what to do, or nothing when it is met."""
    need = NEEDS[name]
    if need.is_there():
        return ""
    return f"needs {name}; install it with: apt-get install {need.package}"


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _php_says(expression: str) -> Callable[[], bool]:
    @cache
    def ask() -> bool:
        php = shutil.which("php")
        if php is None:
            return False
        return subprocess.run([php, "-r", f"exit(({expression}) ? 0 : 1);"], check=False).returncode == 0

    return ask


def _bullmq() -> bool:
    return shutil.which("node") is not None and (ROOT / "examples" / "bullmq" / "node_modules").is_dir()


NEEDS = {
    "beanstalkd": Need("beanstalkd", _program("beanstalkd")),
    "bullmq": Need("nodejs npm, and then: scripts/install-node-packages.sh", _bullmq),
    "cc": Need("gcc libc6-dev", _program("cc")),
    "curl": Need("curl", _program("curl")),
    "laravel": Need(
        "php-laravel-framework", _php_says("stream_resolve_include_path('Illuminate/autoload.php')")
    ),
    "mariadb-server": Need("mariadb-server", _program("mariadbd")),
    "php": Need("php-cli", _program("php")),
    "php-mysql": Need("php-mysql", _php_says("extension_loaded('pdo_mysql')")),
    "php-pgsql": Need("php-pgsql", _php_says("extension_loaded('pdo_pgsql')")),
    "php-redis": Need("php-redis", _php_says("extension_loaded('redis')")),
    "php-sqlite3": Need("php-sqlite3", _php_says("extension_loaded('pdo_sqlite')")),
    "postgresql": Need("postgresql", lambda: any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))),
    "root": Need("sudo", lambda: os.geteuid() == 0),
    "redis-server": Need("redis-server", _program("redis-server")),
}
