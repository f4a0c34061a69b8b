"""`engineroom down` tells the truth: what was removed hides nothing from it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import proc
from tests.support.engineroom_server import ENGINEROOM, EngineroomServer
from tests.support.waiting import patient, wait_until


def down(engineroom: EngineroomServer) -> "subprocess.CompletedProcess[str]":
    words = [ENGINEROOM, "down", "--data", str(engineroom.data), "--timeout", "5"]
    return subprocess.run(
        words, env=engineroom.environment, capture_output=True, text=True, timeout=patient(90), check=False
    )


@pytest.mark.parametrize("removed", ["keeper/socket", "keeper/journal", "server.lock", "keeper"])
def test_whatever_was_removed_everything_is_stopped(
    engineroom: EngineroomServer, code: Path, removed: str
) -> None:
    made = engineroom.api.create(
        engineroom.link(code).instance, type="custom", command="sleep 1000", processes=2
    )
    pids = made.wait_until_running(2)
    path = engineroom.data / removed
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    ran = down(engineroom)
    assert ran.returncode == 0, ran.stderr
    assert "Everything is stopped." in ran.stdout
    assert not [pid for pid in pids if proc.is_alive(pid)]
    assert engineroom.everything() == []


def test_what_a_killed_keeper_left_is_stopped_without_its_journal(
    engineroom: EngineroomServer, code: Path
) -> None:
    made = engineroom.api.create(
        engineroom.link(code).instance, type="custom", command="sleep 1000", processes=2
    )
    pids = made.wait_until_running(2)
    keeper = engineroom.keeper_pid()
    engineroom.kill()
    proc.kill(keeper)
    (engineroom.data / "keeper" / "journal").unlink()
    assert down(engineroom).returncode == 0
    assert not [pid for pid in pids if proc.is_alive(pid)]


def test_a_removed_socket_is_made_again_and_people_are_told(engineroom: EngineroomServer, code: Path) -> None:
    made = engineroom.api.create(
        engineroom.link(code).instance, type="custom", command="sleep 1000", processes=1
    )
    pids = made.wait_until_running(1)
    (engineroom.data / "keeper" / "socket").unlink()

    def kinds() -> list[str]:
        return [each["attributes"]["kind"] for each in engineroom.api.get("/api/events")["data"]]

    wait_until("it is told", lambda: "keeper.mended" in kinds())
    assert made.wait_until_running(1) == pids
