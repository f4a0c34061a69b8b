"""The keeper's journal, or all of its folder, is lost: what ran is known or followed by others, and everybody is told."""

import shutil
from pathlib import Path

from tests.support import proc
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until


def test_who_ran_when_the_journal_was_lost_is_ended_and_followed_by_others(
    engineroom: EngineroomServer, code: Path
) -> None:
    made = engineroom.api.create(
        engineroom.link(code).instance, type="custom", command="sleep 1000", processes=2
    )
    before = made.wait_until_running(2)
    (engineroom.data / "keeper" / "journal").unlink()
    proc.kill(engineroom.keeper_pid())
    wait_until("they are gone", lambda: not any(map(proc.is_alive, before)))
    assert made.wait_until_running(2).isdisjoint(before)
    told = wait_until(
        "it is told",
        lambda: [event for event in made.events() if "its journal knows nothing of it" in event],
    )
    assert len(told) == 2


def test_what_dies_after_the_keepers_folder_was_removed_runs_again(
    engineroom: EngineroomServer, code: Path
) -> None:
    made = engineroom.api.create(
        engineroom.link(code).instance, type="custom", command="sleep 1000", processes=2
    )
    pids = made.wait_until_running(2)
    listed = engineroom.data / "keeper" / "allowed.json"
    before = listed.read_bytes()
    # One that starts has seen the list; another looks at it every two seconds.
    engineroom.kill()
    engineroom.start()
    shutil.rmtree(listed.parent)
    wait_until("the list is there again", listed.exists, timeout_seconds=60)
    assert listed.read_bytes() == before
    killed = min(pids)
    proc.kill(killed)
    assert killed not in made.through(engineroom.api).wait_until_running(2)
