"""A full disk: what is asked for is refused in words, nothing of it is done, and what runs goes on."""

from pathlib import Path

import pytest

from tests.support.engineroom_server import EngineroomServer
from tests.support.small_disk import fill, small_disk

pytestmark = pytest.mark.needs("root")


def test_a_change_on_a_full_disk_is_refused_in_words_and_done_once_there_is_room(
    tmp_path: Path, code: Path
) -> None:
    with small_disk(tmp_path / "disk", megabytes=160) as disk, EngineroomServer(disk) as engineroom:
        engineroom.start()
        instance = engineroom.link(code).instance
        sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
        before = sleepers.wait_until_running(2)
        more = {"type": "custom", "command": "sleep 1000", "processes": 1}
        path = f"/api/instances/{instance}/background-processes"

        hog = disk / "hog"
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
