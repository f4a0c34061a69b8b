"""The Laravel example works by itself: without engineroom, with Redis and without."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.laravel import EXAMPLE, LaravelApplication
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.needs("php", "laravel")

UNTIL_EMPTY = ("--stop-when-empty", "--sleep=0", "--tries=3", "--quiet")


@pytest.mark.needs("php-redis", "redis-server")
def test_jobs_pushed_onto_redis_are_worked_once_each(
    laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    laravel.push(5)
    assert redis_server.waiting() == 5

    laravel.artisan("queue:work", "redis", *UNTIL_EMPTY)

    assert [worked.number for worked in laravel.worked()] == [1, 2, 3, 4, 5]
    assert redis_server.waiting() + redis_server.reserved() == 0


@pytest.mark.needs("php-redis", "redis-server")
def test_the_jobs_of_its_readme_are_pushed_as_written(
    laravel: LaravelApplication, redis_server: RedisServer
) -> None:
    push, *_ = shown_behind("`php artisan demo:push` pushes")
    paste(laravel, push)
    assert redis_server.waiting() == 300


@pytest.mark.needs("php-sqlite3")
def test_what_its_readme_does_without_redis_works_as_written(tmp_path: Path) -> None:
    laravel = LaravelApplication(tmp_path, {})
    prepare, push, work = shown_behind("Without Redis")
    paste(laravel, prepare, push, f"{work} --stop-when-empty --sleep=0")

    done = (laravel.folder / "storage" / "done.txt").read_text().splitlines()
    assert [int(line.split()[0]) for line in done] == list(range(1, 31))


def shown_behind(beginning: str) -> list[str]:
    """Return the lines of the first block of commands behind a sentence of the example's README."""
    _, _, behind = (EXAMPLE / "README.md").read_text().partition(beginning)
    block = re.search(r"\n\n((?:    .+\n)+)", behind)
    assert block
    return [line.strip() for line in block.group(1).splitlines()]


def paste(laravel: LaravelApplication, *commands: str) -> None:
    environment = {**os.environ, **laravel.variables}
    words = ["bash", "-euc", "\n".join(commands)]
    ran = subprocess.run(
        words, cwd=laravel.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{commands} exited {ran.returncode}: {ran.stdout}{ran.stderr}"


@pytest.mark.needs("php-sqlite3")
def test_without_redis_the_queue_can_be_a_sqlite_file(tmp_path: Path) -> None:
    laravel = LaravelApplication(tmp_path, {})
    (laravel.folder / "database" / "database.sqlite").touch()
    laravel.artisan("migrate", "--force")

    laravel.push(5, connection="database")
    laravel.artisan("queue:work", "database", *UNTIL_EMPTY)

    assert [worked.number for worked in laravel.worked()] == [1, 2, 3, 4, 5]


@pytest.mark.needs("php-sqlite3")
def test_a_job_that_fails_says_why_on_one_line_and_is_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    laravel = LaravelApplication(tmp_path, {"QUEUE_FAILED_DRIVER": "database-uuids"})
    (laravel.folder / "database" / "database.sqlite").touch()
    laravel.artisan("migrate", "--force")

    laravel.artisan("demo:push", "1", "--file=/no-such-folder/done.txt", "--connection=database")
    said = laravel.artisan("queue:work", "database", "--stop-when-empty", "--sleep=0", "--quiet")

    [line] = said.splitlines()
    assert "/no-such-folder/done.txt" in line
    assert "App\\Jobs\\AppendLine" in laravel.artisan("queue:failed")
