"""The keeper's journal is lost: what ran is shown, ended and followed by others, and everybody is told."""

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
