"""Whatever lies in the folder of one user: others are scaled, the server is ready, and it goes down when it is asked to."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.hostile_server import drip, hostile_server
from tests.support.redis_server import RedisServer
from tests.support.tenants import give, home_of, write
from tests.support.waiting import patient, wait_until

pytestmark = pytest.mark.needs("root", "redis-server")

LOCK = '{"packages": [{"name": "laravel/framework", "version": "v12.1.0"}]}'


@pytest.fixture
def hostile() -> Iterator[Path]:
    with home_of("www-data") as made:
        write(made / "composer.lock", LOCK, "www-data")
        yield made


@pytest.fixture
def good(redis_server: RedisServer) -> Iterator[Path]:
    with home_of("games") as made:
        write(made / "composer.lock", LOCK, "games")
        write(
            made / ".env", f"REDIS_HOST=127.0.0.1\nREDIS_PORT={redis_server.port}\nREDIS_PREFIX=\n", "games"
        )
        redis_server.client.rpush("queues:default", "{}", "{}")
        yield made


def _fifo(home: Path) -> None:
    os.mkfifo(home / ".env")
    give(home / ".env", "www-data")


def _endless(home: Path) -> None:
    (home / ".env").symlink_to("/dev/zero")


def _blanks(home: Path) -> None:
    write(home / ".env", "A=" + "\u00a0" * 100_000, "www-data")


def _fifo_of_the_framework(home: Path) -> None:
    (home / "config").mkdir()
    os.mkfifo(home / "config" / "queue.php", 0o666)
    give(home / "config", "www-data")


ATTACKS: Mapping[str, Callable[[Path], None]] = {
    "fifo": _fifo,
    "endless": _endless,
    "blanks": _blanks,
    "configuration": _fifo_of_the_framework,
}


def a_worker(engineroom: EngineroomServer, folder: Path, name: str) -> BackgroundProcess:
    linked = engineroom.link(folder, name=name)
    config = {"connection": "redis"}
    return engineroom.api.create(
        linked.instance, type="worker", config=config, processes=3, strategy_type="queue_size"
    )


def measured(engineroom: EngineroomServer, worker: BackgroundProcess) -> Mapping[str, Any]:
    found = engineroom.api.get(f"/api/background-processes/{worker.id}/scaling")
    return found["data"]["attributes"]["measured"] or {}


@pytest.mark.parametrize("attack", [*ATTACKS, "drip"])
def test_others_are_scaled_and_the_server_answers_and_goes_down(
    engineroom: EngineroomServer, hostile: Path, good: Path, attack: str
) -> None:
    with hostile_server(drip(b"+OK\r\n")) as server:
        if attack == "drip":
            write(hostile / ".env", f"REDIS_HOST=127.0.0.1\nREDIS_PORT={server.port}\n", "www-data")
        else:
            ATTACKS[attack](hostile)
        first, second = a_worker(engineroom, hostile, "hostile"), a_worker(engineroom, good, "good")

        wait_until(
            "the hostile one is known not to be measured", lambda: measured(engineroom, first).get("unknown")
        )
        wait_until("the good one is measured", lambda: measured(engineroom, second).get("waiting") == 2)
        assert httpx.get(f"{engineroom.address}/readyz", timeout=patient(30)).status_code == 200

        engineroom.run("down")
        assert engineroom.everything() == []
