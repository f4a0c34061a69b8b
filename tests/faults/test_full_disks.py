"""The disk is full at random moments, while things are killed and lose their files: then, too, nobody runs unseen."""

import os
import random
from pathlib import Path

import pytest

from tests.faults.test_random_kills import SEED, SETTLED_SECONDS, Storm
from tests.support.engineroom_server import EngineroomServer
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_until

ROUNDS = max(8, int(os.environ.get("ENGINEROOM_FAULT_ROUNDS", "40")) // 5)

SLEEPING = "import time\nwhile True: time.sleep(60)\n"


@pytest.mark.needs("root")
@pytest.mark.parametrize("seed", [SEED])
def test_after_full_disks_with_kills_exactly_what_was_asked_for_runs(
    tmp_path: Path, code: Path, seed: int
) -> None:
    dice = random.Random(seed)
    (code / "count.py").write_text(SLEEPING)
    with small_disk(tmp_path / "disk", megabytes=160) as disk, EngineroomServer(disk) as engineroom:
        engineroom.start()
        storm = Storm(engineroom, engineroom.link(code).instance, dice, code)
        storm.create()
        storm.create()
        while_it_is_full = (
            storm.kill_a_process,
            storm.kill_the_keeper,
            storm.lose_a_file,
            storm.hang_the_keeper,
        )
        afterwards = (storm.create, storm.scale, storm.change_the_command, storm.kill_a_process, storm.delete)
        for _ in range(ROUNDS):
            fill(disk / "hog")
            for fault in dice.choices(while_it_is_full, k=2):
                fault()
            storm.let_go_on()
            (disk / "hog").unlink()
            dice.choice(afterwards)()
        try:
            wait_until("exactly what was asked for runs", storm.is_settled, timeout_seconds=SETTLED_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {storm.differences()}") from error
        for asked in storm.asked.values():
            asked.handle.wait_until_running(asked.processes)
