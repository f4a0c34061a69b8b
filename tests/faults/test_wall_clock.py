"""The clock that faults are made with: whoever is started by it sees it jump, and nothing else."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.support.wall_clock import WallClock

YEAR = 365 * 86400
TELL = """
import os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
(folder / "before").touch()
print("begun", flush=True)
while time.time() < float(sys.argv[2]):
    time.sleep(0.01)
(folder / "after").touch()
print(time.monotonic(), *(os.stat(folder / name).st_mtime for name in ("before", "after")))
"""


@pytest.mark.needs("root", "cc")
def test_a_program_that_runs_sees_it_jump_with_files_as_they_were_and_monotonic_time_left_alone(
    tmp_path: Path,
) -> None:
    clock = WallClock(tmp_path / "clock")
    began, began_monotonic = time.time(), time.monotonic()
    # Without a variable of ours, as the keeper is started.
    words = [*clock.within, "env", "-i", sys.executable, "-c", TELL, str(tmp_path), str(began + YEAR - 1)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as telling:
        assert telling.stdout is not None
        assert telling.stdout.readline() == "begun\n"
        # The clock of a step is that of whole seconds.
        wait_until("another second", lambda: int(time.time()) > int((tmp_path / "before").stat().st_mtime))
        clock.jump(YEAR)
        monotonic, before, after = map(float, telling.stdout.readline().split())

    assert began_monotonic <= monotonic <= time.monotonic()
    assert began - 1 <= before <= time.time()
    assert began - 1 + YEAR <= after <= time.time() + YEAR
    assert (tmp_path / "after").stat().st_mtime <= time.time()


@pytest.mark.needs("root", "cc")
def test_it_can_be_set_back_and_right(tmp_path: Path) -> None:
    clock = WallClock(tmp_path / "clock")
    words = [*clock.within, sys.executable, "-c", "import time; print(time.time())"]
    for ahead in (-YEAR, 0):
        clock.set(ahead)
        began = time.time()
        shown = float(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
        assert began + ahead <= shown <= time.time() + ahead
