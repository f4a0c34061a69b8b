"""A full disk: what is asked for is refused in words, nothing of it is done, and what runs goes on."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engineroom_server import EngineroomServer

pytestmark = pytest.mark.needs("root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "engineroom-test", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Append until the disk is full, to the last byte."""
    with path.open("ab", 0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_change_on_a_full_disk_is_refused_in_words_and_done_once_there_is_room(
    small_disk: Path, code: Path
) -> None:
    with EngineroomServer(small_disk) as engineroom:
        engineroom.start()
        instance = engineroom.link(code).instance
        sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
        before = sleepers.wait_until_running(2)
        more = {"type": "custom", "command": "sleep 1000", "processes": 1}
        path = f"/api/instances/{instance}/background-processes"

        hog = small_disk / "hog"
        made = 0
        refused = None
        while refused is None:
            fill(hog)
            answer = engineroom.api.ask("POST", path, **more)
            if answer.status_code == 201:
                # What the log gave back, or what was left of a page, was enough for one more.
                made += 1
                assert made < 200
            else:
                refused = answer

        assert refused.status_code == 507
        assert "the disk of engineroom's database is full. Make room" in refused.json()["message"]
        listed = engineroom.api.get(path)["meta"]["total"]
        assert listed == 1 + made
        assert before <= sleepers.wait_until_running(2)

        hog.unlink()
        again = engineroom.api.create(instance, **more)
        again.wait_until_running(1)
