"""How many more processes can be made is known before none can."""

from pathlib import Path

import pytest

from engineroom.runtime.local.process_ids import ProcessRoom, of_cgroup, tightest


def test_the_limit_of_a_cgroup_names_the_line_to_change(tmp_path: Path) -> None:
    (tmp_path / "pids.max").write_text("100\n")
    (tmp_path / "pids.current").write_text("90\n")
    room = of_cgroup(tmp_path)
    assert room is not None
    assert (room.most, room.left) == (100, 10)
    assert "TasksMax=400" in room.remedy


@pytest.mark.parametrize("most", ["max\n", ""])
def test_a_cgroup_without_a_limit_bounds_nothing(tmp_path: Path, most: str) -> None:
    (tmp_path / "pids.max").write_text(most)
    (tmp_path / "pids.current").write_text("90\n")
    assert of_cgroup(tmp_path) is None


def test_this_host_has_a_bound_and_room(tmp_path: Path) -> None:
    room = tightest(tmp_path / "lock")
    assert isinstance(room, ProcessRoom)
    assert room.left > 0
