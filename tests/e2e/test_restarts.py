"""What is killed comes back, and what was not killed does not notice."""

from pathlib import Path

import pytest

from tests.support import proc
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until


def test_a_dead_process_is_running_again(engineroom: EngineroomServer, code: Path) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=3)
    before = sleepers.wait_until_running(3)
    victim = min(before)

    proc.kill(victim)
    wait_until("three sleepers are alive again", lambda: len(engineroom.user_pids()) == 3)

    after = sleepers.wait_until_running(3)
    assert before - after == {victim}
    [again] = [process for process in sleepers.processes() if process.pid in after - before]
    assert again.restarts == 1
    assert again.reason == "killed by signal 9 (SIGKILL)"
    assert again.last_exit is not None
    assert (again.last_exit["code"], again.last_exit["signal"]) == (None, 9)


def test_a_killed_control_plane_starts_again_with_every_process_untouched_and_under_control(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=3)
    pids = sleepers.wait_until_running(3)

    engineroom.kill()
    assert engineroom.user_pids() == pids
    engineroom.start()

    sleepers = sleepers.through(engineroom.api)
    assert sleepers.wait_until_running(3) == pids
    proc.kill(min(pids))
    assert len(sleepers.wait_until_running(3) & pids) == 2
    sleepers.update(processes=1)
    [left] = sleepers.wait_until_running(1)
    wait_until("only that one is alive", lambda: engineroom.user_pids() == {left})


def test_a_control_plane_that_is_stopped_leaves_every_process_running(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    pids = sleepers.wait_until_running(2)

    assert engineroom.stop() == 0
    assert engineroom.user_pids() == pids
    engineroom.start()

    assert sleepers.through(engineroom.api).wait_until_running(2) == pids


def test_what_dies_while_the_control_plane_is_away_is_running_again_without_it(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    pids = sleepers.wait_until_running(2)

    engineroom.kill()
    proc.kill(min(pids))
    wait_until("two sleepers are alive", lambda: len(engineroom.user_pids()) == 2)
    now = engineroom.user_pids()
    engineroom.start()

    assert sleepers.through(engineroom.api).wait_until_running(2) == now


def test_a_killed_keeper_finds_every_process_again_and_restarts_those_that_die_afterwards(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=3)
    pids = sleepers.wait_until_running(3)
    keeper = engineroom.keeper_pid()

    proc.kill(keeper)
    wait_until("another keeper runs", lambda: any_keeper(engineroom) not in {0, keeper})

    assert sleepers.wait_until_running(3) == pids
    proc.kill(min(pids))
    after = sleepers.wait_until_running(3)
    assert len(after & pids) == 2
    assert engineroom.user_pids() == after


def test_what_dies_while_the_keeper_is_away_comes_back_and_is_not_started_twice(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=3)
    pids = sleepers.wait_until_running(3)

    engineroom.kill()
    proc.kill(engineroom.keeper_pid())
    proc.kill(min(pids))
    assert engineroom.user_pids() == pids - {min(pids)}
    engineroom.start()

    after = sleepers.through(engineroom.api).wait_until_running(3)
    assert after & pids == pids - {min(pids)}
    assert engineroom.user_pids() == after


def test_down_stops_what_a_killed_keeper_kept(engineroom: EngineroomServer, code: Path) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    sleepers.wait_until_running(2)

    engineroom.kill()
    proc.kill(engineroom.keeper_pid())
    assert engineroom.run("down") == "Everything is stopped.\n"
    assert engineroom.everything() == []


@pytest.mark.parametrize("victim", ["control plane", "keeper"])
def test_a_background_process_created_just_before_a_crash_comes_up(
    engineroom: EngineroomServer, code: Path, victim: str
) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=5)

    if victim == "keeper":
        proc.kill(engineroom.keeper_pid())
    else:
        engineroom.kill()
        engineroom.start()

    pids = sleepers.through(engineroom.api).wait_until_running(5)
    assert engineroom.user_pids() == pids


def any_keeper(engineroom: EngineroomServer) -> int:
    try:
        return engineroom.keeper_pid()
    except AssertionError:
        return 0
