"""The keeper executes itself anew: same pid, same children, and nothing that happens meanwhile is lost."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import engineroom
from tests.keeper.running_keeper import RunningKeeper, running_keeper
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_until

SLEEP = ("sleep", "600")


@contextlib.contextmanager
def upgrading(keeper: RunningKeeper) -> Iterator[None]:
    """At the end of the block, wait until the keeper that was asked to upgrade answers again."""
    before = keeper.log().count("keeper.started")
    yield
    wait_until("the new keeper has started", lambda: keeper.log().count("keeper.started") > before)
    wait_until("the new keeper answers", lambda: answers(keeper))


def upgrade(keeper: RunningKeeper) -> None:
    with upgrading(keeper):
        keeper.call("upgrade")


def answers(keeper: RunningKeeper) -> bool:
    try:
        return bool(keeper.call("hello"))
    except (OSError, EOFError):
        return False


def test_an_upgrade_changes_no_pid_not_even_the_keepers_own(keeper: RunningKeeper) -> None:
    pids = {name: keeper.run(name, *SLEEP) for name in "ab"}
    for _ in range(3):
        upgrade(keeper)
        assert keeper.call("hello")["pid"] == keeper.pid
        assert {name: keeper.running(name) for name in "ab"} == pids


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_after_an_upgrade_the_true_end_of_a_child_is_known(
    keeper: RunningKeeper, number: signal.Signals
) -> None:
    pid = keeper.run("a", *SLEEP)
    upgrade(keeper)
    os.kill(pid, number)
    keeper.running("a", other_than=pid)
    assert keeper.processes()[keeper.id("a")]["last_exit"]["signal"] == number


def test_a_child_that_ends_during_the_upgrade_has_its_true_exit_code(keeper: RunningKeeper) -> None:
    code = "import os, signal; signal.signal(signal.SIGUSR1, lambda *_: os._exit(42)); signal.pause()"
    pid = keeper.run("a", sys.executable, "-c", code)
    wait_until("it handles the signal", lambda: handles(pid, signal.SIGUSR1))
    # Stopped, the keeper takes neither the request nor the end in; both are waiting when it goes on.
    with upgrading(keeper), keeper.client() as client:
        os.kill(keeper.pid, signal.SIGSTOP)
        client.write(b'{"id": 1, "call": "upgrade"}\n')
        os.kill(pid, signal.SIGUSR1)
        os.kill(keeper.pid, signal.SIGCONT)
    keeper.running("a", other_than=pid)
    assert keeper.processes()[keeper.id("a")]["last_exit"]["code"] == 42


def handles(pid: int, number: signal.Signals) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << number - 1)


def test_the_folder_stays_locked_through_an_upgrade(keeper: RunningKeeper) -> None:
    upgrade(keeper)
    command = [sys.executable, "-I", "-m", "engineroom.keeper", str(keeper.folder)]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"another keeper (pid {keeper.pid}) already runs" in second.stderr


def test_a_drain_goes_on_through_an_upgrade(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    wait_until("it ignores the signal", lambda: keeper.output("a") == b"ready\n")
    keeper.stop("a", timeout_seconds=1.0)
    upgrade(keeper)
    assert keeper.processes()[keeper.id("a")]["state"] == "draining"
    keeper.gone("a")
    assert pid not in keeper.living()


@pytest.mark.needs("root")
def test_nothing_is_forgotten_by_an_upgrade_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "keeper", megabytes=2) as disk, running_keeper(disk) as keeper:
        first = keeper.run("a", *SLEEP, labels={"more": "than is kept for events" * 15_000})
        fill(disk / "filler")
        os.kill(first, signal.SIGKILL)
        pid = keeper.running("a", other_than=first)
        with keeper.client() as client:
            assert "make room" in client.ask("upgrade")["error"]
        (disk / "filler").unlink()
        upgrade(keeper)
        assert keeper.running("a") == pid
        keeper.stop("a")
        keeper.gone("a")


def test_a_keeper_becomes_the_program_of_another_installation(keeper: RunningKeeper, tmp_path: Path) -> None:
    pid = keeper.run("a", *SLEEP)
    environment = tmp_path / "another"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    found = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"],
        capture_output=True,
        text=True,
        check=True,
    )
    source = Path(engineroom.__file__).parent.parent
    (Path(found.stdout.strip()) / "engineroom.pth").write_text(f"{source}\n")
    with upgrading(keeper):
        keeper.call("upgrade", python=str(python))
    hello = keeper.call("hello")
    assert (hello["python"], hello["pid"]) == (str(python), keeper.pid)
    assert keeper.running("a") == pid


def test_a_keeper_becomes_no_program_that_others_may_write_to(keeper: RunningKeeper, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.touch(mode=0o777)
    program.chmod(0o777)
    for python in (str(program), "python3", str(tmp_path), str(tmp_path / "missing")):
        with keeper.client() as client:
            assert "is no program" in client.ask("upgrade", python=python)["error"]


def test_a_keeper_that_is_told_to_end_while_it_is_to_upgrade_ends(keeper: RunningKeeper) -> None:
    with keeper.client() as client:
        client.call("hello")
        os.kill(keeper.pid, signal.SIGSTOP)
        client.write(b'{"id": 1, "call": "upgrade"}\n')
        os.kill(keeper.pid, signal.SIGTERM)
        os.kill(keeper.pid, signal.SIGCONT)
    assert keeper.wait_for_end() == 0
