"""The keeper's journal, or all of its folder, is lost: what ran is known or followed by others, and everybody is told."""

import shutil
from pathlib import Path

from tests.support import older_journal, proc
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


def sleepers(engineroom: EngineroomServer) -> set[int]:
    return {pid for pid in engineroom.user_pids() if proc.argv(pid)[:1] == ["sleep"]}


def test_what_was_deleted_does_not_come_back_with_an_older_journal(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    stays, goes = (
        engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2) for _ in range(2)
    )
    before = stays.wait_until_running(2)
    goes.wait_until_running(2)
    older = older_journal.copy_of_journal(engineroom.data)
    goes.delete()
    wait_until("it is gone", lambda: sleepers(engineroom) == before)

    older_journal.put_back(engineroom.data, engineroom.keeper_pid(), older)

    wait_until("it is told", lambda: "has gone back to an older state" in engineroom.output())
    wait_until("it is removed again", lambda: f"{goes.id} was deleted" in engineroom.output())
    wait_until("only what is wanted runs", lambda: sleepers(engineroom) == before)
    assert stays.wait_until_running(2) == before


def test_what_an_older_database_does_not_know_goes_on_and_is_told(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    known = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=1)
    known.wait_until_running(1)
    assert engineroom.stop() == 0
    older = (engineroom.data / "engineroom.db").read_bytes()
    engineroom.start()
    known = known.through(engineroom.api)
    newer = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    both = newer.wait_until_running(2) | known.wait_until_running(1)
    engineroom.kill()
    for left in engineroom.data.glob("engineroom.db-*"):
        left.unlink()
    (engineroom.data / "engineroom.db").write_bytes(older)

    engineroom.start()

    wait_until("it is told", lambda: f"the database does not know of: {newer.id}" in engineroom.output())
    assert sleepers(engineroom) == both
    assert engineroom.run("down")
    assert not sleepers(engineroom)
