"""A copy of a data folder is refused beside its original, and serves on its own once it was made a new one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.engineroom_server import ENGINEROOM, EngineroomServer
from tests.support.waiting import patient

pytestmark = pytest.mark.needs("root")


def run_on(copy: Path, engineroom: EngineroomServer, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [ENGINEROOM, *words, "--data", str(copy)]
    return subprocess.run(
        command, env=engineroom.environment, capture_output=True, text=True, timeout=patient(60), check=False
    )


def kept(server: EngineroomServer, name: str) -> str:
    return (server.data / "keeper" / name).read_text()


def test_a_copy_is_refused_until_it_is_made_a_new_one(
    engineroom: EngineroomServer, tmp_path: Path, code: Path
) -> None:
    instance = engineroom.link(code).instance
    made = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    pids = made.wait_until_running(2)
    with EngineroomServer(tmp_path / "copied") as other:
        shutil.copytree(engineroom.data, other.data, ignore=shutil.ignore_patterns("socket"))
        for command in ("serve", "down"):
            refused = run_on(other.data, engineroom, command, *["--bind=127.0.0.1:0"][: command == "serve"])
            assert refused.returncode == 1
            assert f"engineroom separate --data {other.data}" in refused.stderr
        refused = run_on(engineroom.data, engineroom, "separate")
        assert refused.returncode == 1
        assert f"(pid {engineroom.pid}) is at work on it" in refused.stderr
        assert made.wait_until_running(2) == pids

        assert run_on(other.data, engineroom, "separate").returncode == 0
        other.start()
        beside = made.through(other.api).wait_until_running(2)
        assert beside.isdisjoint(pids)
        for of_one_keeper in ("variables-at", "secret"):
            assert kept(other, of_one_keeper) != kept(engineroom, of_one_keeper)
        assert made.wait_until_running(2) == pids
        other.run("down")
        assert made.wait_until_running(2) == pids
