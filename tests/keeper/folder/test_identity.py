"""A keeper's folder and its copies: a copy touches nothing of the original's, and what was moved or restored goes on."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.keeper.running_keeper import RunningKeeper
from tests.support.waiting import patient

SLEEP = ("sleep", "600")


def copy(keeper: RunningKeeper, folder: Path) -> Path:
    """Copy the folder as `cp -a` does, but for its socket, which nobody can copy into use."""
    ignored = shutil.ignore_patterns("socket")
    return Path(shutil.copytree(keeper.folder, folder, symlinks=True, ignore=ignored))


def start_on(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", "-m", "engineroom.keeper", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=patient(30), check=False)


def move_to(keeper: RunningKeeper, folder: Path) -> None:
    """Have the keeper go on with another folder."""
    keeper.folder = folder
    keeper.start()


def test_a_copy_beside_a_running_keeper_is_refused(keeper: RunningKeeper, tmp_path: Path) -> None:
    pid = keeper.run("a", *SLEEP)
    refused = start_on(copy(keeper, tmp_path / "copy" / "keeper"))
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"cannot start the keeper: {tmp_path}/copy is a copy of {tmp_path}")
    assert f"engineroom separate --data {tmp_path}/copy" in line
    assert keeper.running("a") == pid


def test_a_copy_beside_a_folder_whose_keeper_was_killed_is_refused(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    assert start_on(copy(keeper, tmp_path / "copy" / "keeper")).returncode == 1
    keeper.start()
    assert keeper.running("a") == pid


def test_a_copy_that_has_taken_the_place_of_the_original_is_refused_while_that_runs(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    pid = keeper.run("a", *SLEEP)
    place = keeper.folder
    keeper.folder = place.rename(tmp_path / "moved")
    assert start_on(copy(keeper, place)).returncode == 1
    assert keeper.running("a") == pid


def test_a_folder_that_was_moved_goes_on(keeper: RunningKeeper, tmp_path: Path) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    move_to(keeper, keeper.folder.rename(tmp_path / "moved"))
    assert keeper.running("a") == pid
    assert keeper.living("a") == [pid]


def test_a_folder_that_was_restored_from_a_copy_goes_on_with_what_runs(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    restored = copy(keeper, tmp_path / "restored")
    shutil.rmtree(keeper.folder)
    move_to(keeper, restored)
    assert keeper.running("a") == pid
    keeper.end(signal.SIGKILL)
    keeper.start()
    assert keeper.running("a") == pid


def test_a_restored_folder_is_not_taken_for_one_whose_lock_has_the_inode_that_its_own_had(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    restored = copy(keeper, tmp_path / "restored")
    shutil.rmtree(keeper.folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with (elsewhere / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        facts = os.fstat(lock.fileno())
        known = json.loads((restored / "identity").read_text())
        known["place"] |= {"lock_device": facts.st_dev, "lock_inode": facts.st_ino}
        (restored / "identity").write_text(json.dumps(known))
        move_to(keeper, restored)
        assert keeper.running("a") == pid


def test_an_identity_that_was_lost_comes_out_the_same(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    (keeper.folder / "identity").write_text("{")
    (keeper.folder / "journal").unlink()
    keeper.start()
    keeper.gone("a")
