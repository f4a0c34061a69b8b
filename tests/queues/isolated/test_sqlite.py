"""A database in a file is whatever its tenant put there."""

import os
import sqlite3
from pathlib import Path

import pytest

from engineroom.model.queue import Measurement, Unknown
from engineroom.queues.base import DatabaseQueues
from engineroom.queues.meter import Meter
from tests.queues.isolated.connections import redis
from tests.queues.isolated.pools import measured, until_known, with_meter
from tests.support.redis_server import RedisServer
from tests.support.tenants import give

pytestmark = pytest.mark.needs("root", "redis-server")

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
_FEW_NUMBERS = f"{_NUMBERS[:-1]} LIMIT 100000)"
_DOUBLED = "WITH RECURSIVE n(i, x) AS (SELECT 1, 'x' UNION ALL SELECT i + 1, x || x FROM n)"
_REST = "NULL AS reserved_at, 1 AS available_at, 1 AS created_at"
_VIEWS = {
    "endless": f"{_NUMBERS} SELECT i AS id, iif(i < 0, 'default', 'other') AS queue, {_REST} FROM n",
    "swelling": f"{_DOUBLED} SELECT length(x) AS id, 'default' AS queue, {_REST} FROM n",
    "sorting": f"{_NUMBERS} SELECT randomblob(1000) AS id, 'default' AS queue, {_REST} FROM n ORDER BY 1",
    "multiplied": f"{_FEW_NUMBERS} SELECT a.i AS id, iif(a.i + b.i + c.i < 0, 'default', 'other') AS queue, {_REST} "
    "FROM n a, n b, n c",
    "huge": f"SELECT randomblob(900000000) AS id, 'default' AS queue, {_REST}",
}


def a_database(home: Path, *statements: str) -> Path:
    path = home / "database.sqlite"
    made = sqlite3.connect(path)
    for statement in statements:
        made.execute(statement)
    made.commit()
    made.close()
    for each in home.glob("database.sqlite*"):
        give(each, "www-data")
    return path


def queues(path: Path) -> DatabaseQueues:
    return DatabaseQueues(dialect="sqlite", database=str(path))


@pytest.mark.parametrize("view", list(_VIEWS))
def test_a_table_that_never_ends_is_given_up_and_others_have_their_figures(
    home: Path, good: RedisServer, view: str
) -> None:
    path = a_database(home, f"CREATE VIEW jobs AS {_VIEWS[view]}")

    async def ask(meter: Meter) -> tuple[object, int]:
        found = await meter.measure(queues(path), "default")
        return found, (await until_known(meter, redis(good.port))).waiting

    found, waiting = with_meter(home, ask, answer_seconds=10)

    assert isinstance(found, Unknown), found
    assert waiting == 2


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "socket of another"])
def test_what_is_no_database_is_not_opened(home: Path, kind: str) -> None:
    path = home / "database.sqlite"
    match kind:
        case "fifo":
            os.mkfifo(path, 0o666)
            path.chmod(0o666)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir(mode=0o755)
        case _:
            path.symlink_to("/dev/log")

    found = measured(home, queues(path))

    assert isinstance(found, Unknown)
    assert f"cannot open {path}" in found.reason


def test_another_users_database_is_not_opened(home: Path, roots: Path) -> None:
    path = a_database(roots, "CREATE TABLE jobs (id, queue, reserved_at, available_at, created_at)")
    os.chown(path, 0, 0)
    path.chmod(0o600)
    (home / "database.sqlite").symlink_to(path)

    found = measured(home, queues(home / "database.sqlite"))

    assert isinstance(found, Unknown)
    assert "unable to open database file" in found.reason


def test_a_database_with_a_write_ahead_log_is_measured(home: Path) -> None:
    path = a_database(
        home,
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE jobs (id integer primary key, queue, reserved_at, available_at, created_at)",
        "INSERT INTO jobs VALUES (1, 'default', NULL, 1, 1)",
    )

    found = measured(home, queues(path))

    assert isinstance(found, Measurement), found
    assert found.waiting == 1
