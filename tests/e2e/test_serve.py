"""What `engineroom serve` says when it cannot serve: one line that tells why and what to do."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.engineroom_server import ENGINEROOM, EngineroomServer
from tests.support.waiting import patient


@pytest.fixture
def not_started(tmp_path: Path) -> Iterator[EngineroomServer]:
    """An engineroom that nobody has started yet; at the end of the test nothing may run of it."""
    with EngineroomServer(tmp_path) as server:
        yield server


def serve(
    server: EngineroomServer, data: Path, bind: str = "127.0.0.1:0"
) -> subprocess.CompletedProcess[str]:
    words = [ENGINEROOM, "serve", "--data", str(data), "--bind", bind]
    return subprocess.run(
        words, env=server.environment, capture_output=True, text=True, check=False, timeout=patient(30)
    )


def the_one_line_of(failed: subprocess.CompletedProcess[str]) -> str:
    assert failed.returncode == 1, f"{failed.returncode}: {failed.stdout}{failed.stderr}"
    assert failed.stdout == ""
    [line] = failed.stderr.splitlines()
    assert line.startswith("engineroom: ")
    return line


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_one_line_and_exit_status_1(not_started: EngineroomServer) -> None:
    with taken_port() as port:
        line = the_one_line_of(serve(not_started, not_started.data, f"127.0.0.1:{port}"))

    assert f"127.0.0.1:{port}" in line
    assert not_started.everything() == [], "nothing is started for a server that cannot serve"


@pytest.mark.parametrize("data", ["file", "file/data"])
def test_a_data_folder_that_cannot_be_written_is_one_line_and_exit_status_1(
    not_started: EngineroomServer, tmp_path: Path, data: str
) -> None:
    (tmp_path / "file").write_text("in the way")

    line = the_one_line_of(serve(not_started, tmp_path / data))

    assert str(tmp_path / data) in line
    assert not_started.everything() == []


def test_a_second_server_on_the_same_data_folder_is_one_line_and_exit_status_1(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    pids = sleepers.wait_until_running(2)

    line = the_one_line_of(serve(engineroom, engineroom.data))

    assert str(engineroom.data) in line
    assert sleepers.wait_until_running(2) == pids
