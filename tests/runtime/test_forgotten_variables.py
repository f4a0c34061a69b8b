"""Variables in memory that no keeper finds any more are found, and no others."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.cli.host.doctor import of_forgotten_variables
from engineroom.runtime.local.forgotten_variables import Forgotten, forgotten, places
from tests.keeper.running_keeper import RunningKeeper, running_keeper

LATER_SECONDS = 3600.0
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PASSWORD": "secret"}


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[RunningKeeper]:
    with running_keeper(tmp_path / "keeper") as running:
        yield running


def found(now: float | None = None) -> list[Forgotten]:
    """Return those that are found an hour after."""
    return list(forgotten(places(), time.time() + LATER_SECONDS if now is None else now))


def memory_of(folder: Path) -> Path:
    return Path((folder / "variables-at").read_text()).parent


def test_those_of_a_killed_keeper_whose_folder_was_removed_are_told_with_what_to_do(
    tmp_path: Path, keeper: RunningKeeper
) -> None:
    keeper.run("a", "true", environment=ENVIRONMENT)
    memory = memory_of(keeper.folder)
    assert memory not in [each.path for each in found()], "the keeper runs"

    keeper.end(signal.SIGKILL)
    assert memory not in [each.path for each in found()], "the next one finds them"

    keeper.folder.rename(tmp_path / "elsewhere")
    try:
        left = [each for each in found() if each.path == memory]
        assert left == [Forgotten(memory, keeper.folder)]
        assert memory not in [each.path for each in found(time.time())], "one that just begins looks the same"
        (said,) = of_forgotten_variables(left)
        assert f"of the keeper of {keeper.folder}, which is gone" in said.message
        assert said.message.endswith(f"remove it: rm -r {memory}")
    finally:
        (tmp_path / "elsewhere").rename(keeper.folder)


@pytest.mark.parametrize("owner", ["an earlier version", "another place"])
def test_whose_they_are_is_told_as_far_as_it_is_known(tmp_path: Path, owner: str) -> None:
    memory = Path(tempfile.mkdtemp(prefix="engineroom-variables-", dir="/dev/shm"))
    try:
        if owner == "another place":
            (memory / "keeper").symlink_to(tmp_path)
            (tmp_path / "variables-at").write_text("/dev/shm/engineroom-variables-other/variables")
        left = [each for each in found() if each.path == memory]
        (said,) = of_forgotten_variables(left)
        assert ("earlier version" in said.message) == (owner == "an earlier version")
        assert (str(tmp_path) in said.message) == (owner == "another place")
    finally:
        shutil.rmtree(memory)


@pytest.mark.needs("root")
def test_those_of_another_user_or_what_only_has_the_name_are_left_alone(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"engineroom-variables-{name}").mkdir(mode=0o700)
    os.chown(tmp_path / "engineroom-variables-a", 1, 1)
    (tmp_path / "engineroom-variables-b").rmdir()
    (tmp_path / "engineroom-variables-b").symlink_to("/etc")
    later = time.time() + LATER_SECONDS
    assert list(forgotten([tmp_path], later)) == [Forgotten(tmp_path / "engineroom-variables-c", None)]
