"""What somebody removes of the keeper's while it runs is noticed within seconds, made again, and told."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.keeper.running_keeper import RunningKeeper
from tests.support.waiting import patient, wait_until

SLEEP = ("sleep", "600")


def answers(keeper: RunningKeeper) -> bool:
    try:
        return bool(keeper.call("hello"))
    except (OSError, EOFError):
        return False


def told(keeper: RunningKeeper) -> str:
    return " ".join(item["message"] for item in keeper.call("hello")["news"]["items"])


@pytest.mark.parametrize(
    "name", ["socket", "journal", "lock", "cgroups.json", "identity", "secret", "spool", "marks"]
)
def test_a_file_or_folder_that_was_removed_is_made_again(keeper: RunningKeeper, name: str) -> None:
    pid = keeper.run("a", *SLEEP)
    path = keeper.folder / name
    if not path.exists():
        assert name == "cgroups.json", "where there are no cgroups there is nothing to remember"
        return
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    wait_until("it is there again", lambda: answers(keeper) and path.exists())
    assert keeper.running("a") == pid
    keeper.end(signal.SIGKILL)
    keeper.start()
    assert keeper.running("a") == pid
    assert keeper.living("a") == [pid]


def test_what_was_made_again_is_told(keeper: RunningKeeper) -> None:
    (keeper.folder / "socket").unlink()
    wait_until("it answers again", lambda: answers(keeper))
    assert f"the socket of the keeper's in {keeper.folder}" in told(keeper)


def test_a_folder_that_was_removed_is_made_again_and_nobody_else_takes_it(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.run("b", "sh", "-c", "while :; do echo line; sleep 0.05; done")
    shutil.rmtree(keeper.folder)
    command = [sys.executable, "-I", "-m", "engineroom.keeper", str(keeper.folder)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=patient(60), check=False)
    assert second.returncode == 1
    assert f"another keeper (pid {keeper.pid})" in second.stderr
    wait_until("it answers again", lambda: answers(keeper))
    assert keeper.running("a") == pid
    b = keeper.running("b")
    keeper.end(signal.SIGKILL)
    keeper.start()
    assert keeper.running("a") == pid
    assert keeper.running("b") == b
    keeper.stop("b", force=True)
    keeper.gone("b")


def test_output_is_read_again_after_the_next_start(keeper: RunningKeeper) -> None:
    keeper.run("a", "sh", "-c", "echo before; exec sleep 600")
    wait_until("it has printed", lambda: keeper.output("a") == b"before\n")
    shutil.rmtree(keeper.folder / "spool")
    wait_until("it is there again", (keeper.folder / "spool").is_dir)
    pid = keeper.running("a")
    keeper.call("stop", ids=[keeper.id("a")], timeout_seconds=0, force=True)
    keeper.gone("a")
    assert pid not in keeper.living()
    keeper.run("b", "sh", "-c", "echo after; exec sleep 600")
    wait_until(
        "what comes is there",
        lambda: Path(keeper.folder / "spool").exists() and keeper.output("b") == b"after\n",
    )
