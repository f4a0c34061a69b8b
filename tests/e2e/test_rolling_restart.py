"""What is restarted or changed is replaced a few at a time, and what is deleted by force is gone at once."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import proc
from tests.support.client import BackgroundProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

# Works for ever, but for the queue "broken": of that it cannot even begin.
ARTISAN = """\
<?php
if (in_array('--queue=broken', $argv)) {
    exit(1);
}
while (true) {
    sleep(1);
}
"""

STUBBORN = "trap '' TERM; exec sleep 1000"


def custom(engineroom: EngineroomServer, code: Path, command: str, processes: int) -> BackgroundProcess:
    instance = engineroom.link(code).instance
    return engineroom.api.create(instance, type="custom", command=command, processes=processes)


def workers(engineroom: EngineroomServer, code: Path, processes: int) -> BackgroundProcess:
    (code / "artisan").write_text(ARTISAN)
    instance = engineroom.link(code).instance
    return engineroom.api.create(instance, type="worker", processes=processes)


def fewest_running_until_succeeded(
    engineroom: EngineroomServer, background_process: BackgroundProcess, operation: str
) -> int:
    """Return how many processes ran at the worst moment until the operation had succeeded."""
    running: list[int] = []

    def succeeded() -> bool:
        running.append(len(background_process.running_pids()))
        return engineroom.api.operation(operation).status == "succeeded"

    wait_until(f"operation {operation} has succeeded", succeeded, timeout_seconds=30)
    return min(running)


@pytest.mark.needs("php")
def test_a_restart_of_a_worker_replaces_every_process_and_never_has_fewer_than_wanted(
    engineroom: EngineroomServer, code: Path
) -> None:
    restarted = workers(engineroom, code, processes=3)
    before = restarted.wait_until_running(3)

    fewest = fewest_running_until_succeeded(engineroom, restarted, restarted.restart())

    assert fewest >= 3
    after = restarted.wait_until_running(3)
    assert not before & after
    assert engineroom.user_pids() == after


def test_a_restart_of_a_custom_process_never_has_more_than_a_quarter_down(
    engineroom: EngineroomServer, code: Path
) -> None:
    restarted = custom(engineroom, code, "sleep 1000", processes=8)
    before = restarted.wait_until_running(8)

    fewest = fewest_running_until_succeeded(engineroom, restarted, restarted.restart())

    assert fewest >= 6
    after = restarted.wait_until_running(8)
    assert not before & after
    assert engineroom.user_pids() == after


def test_a_restart_of_an_instance_restarts_each_of_its_background_processes(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    all_of_it = [
        engineroom.api.create(instance, type="custom", command=f"sleep {seconds}", processes=1)
        for seconds in (1000, 2000)
    ]
    before = [each.wait_until_running(1) for each in all_of_it]

    operations = engineroom.api.restart(f"/api/instances/{instance}")

    for operation, each, pids in zip(operations, all_of_it, before, strict=True):
        fewest_running_until_succeeded(engineroom, each, operation)
        assert not each.wait_until_running(1) & pids


def test_a_restart_that_a_crash_of_the_control_plane_interrupts_is_completed_after_the_next_start(
    engineroom: EngineroomServer, code: Path
) -> None:
    restarted = custom(engineroom, code, "sleep 1000", processes=2)
    before = restarted.wait_until_running(2)

    operation = restarted.restart()
    engineroom.kill()
    engineroom.start()

    restarted = restarted.through(engineroom.api)
    fewest_running_until_succeeded(engineroom, restarted, operation)
    assert not restarted.wait_until_running(2) & before


def test_a_new_command_that_dies_at_once_stops_the_roll_and_the_old_one_heals_it(
    engineroom: EngineroomServer, code: Path
) -> None:
    changed = custom(engineroom, code, "sleep 1000", processes=8)
    before = changed.wait_until_running(8)

    broken = changed.update(command="false")
    changed.wait_for(
        "the new ones have died again and again",
        lambda listed: sum(process.restarts >= 3 for process in listed) == 2,
    )

    kept = engineroom.user_pids() & before
    assert len(kept) == 6
    assert engineroom.api.operation(broken).status == "running"

    healed = changed.update(command="sleep 1000")
    assert fewest_running_until_succeeded(engineroom, changed, healed) >= 6
    after = changed.wait_until_running(8)
    assert after & before == kept
    assert engineroom.api.operation(broken).status == "superseded"


@pytest.mark.needs("php")
def test_a_new_config_with_which_workers_die_at_once_costs_no_old_worker(
    engineroom: EngineroomServer, code: Path
) -> None:
    changed = workers(engineroom, code, processes=8)
    before = changed.wait_until_running(8)

    changed.update(config={"queue": "broken"})
    listed = changed.wait_for(
        "the new ones have died again and again",
        lambda listed: sum(process.restarts >= 3 for process in listed) == 2,
    )

    assert len(listed) == 10
    assert before <= engineroom.user_pids()
    healed = changed.update(config={"queue": None})
    fewest_running_until_succeeded(engineroom, changed, healed)
    assert changed.wait_until_running(8) == before


def with_force(stubborn: BackgroundProcess) -> str:
    return stubborn.delete(force=True)


def once_more(stubborn: BackgroundProcess) -> str:
    stubborn.delete()
    return stubborn.delete()


@pytest.mark.parametrize("delete", [with_force, once_more])
def test_a_forced_delete_kills_at_once_what_does_not_want_to_end(
    engineroom: EngineroomServer, code: Path, delete: Callable[[BackgroundProcess], str]
) -> None:
    stubborn = custom(engineroom, code, STUBBORN, processes=2)
    pids = stubborn.wait_until_running(2)
    wait_until("both ignore TERM", lambda: all(proc.ignores(pid, signal.SIGTERM) for pid in pids))

    operation = delete(stubborn)

    # An unforced delete would wait a minute.
    wait_until("both are gone", lambda: not engineroom.user_pids(), timeout_seconds=3)
    wait_until("the delete is complete", lambda: engineroom.api.operation(operation).status == "succeeded")
    path = f"/api/background-processes/{stubborn.id}"
    assert engineroom.api.status("GET", path) == 404
    assert engineroom.api.status("DELETE", path) == 404


def test_a_deleted_process_that_takes_its_time_is_left_to_drain_until_it_is_deleted_again(
    engineroom: EngineroomServer, code: Path
) -> None:
    stubborn = custom(engineroom, code, STUBBORN, processes=1)
    pids = stubborn.wait_until_running(1)
    wait_until("it ignores TERM", lambda: all(proc.ignores(pid, signal.SIGTERM) for pid in pids))

    drained = stubborn.delete()
    wait_until(
        "it is asked to stop",
        lambda: engineroom.api.operation(drained).attributes["message"] == "0 of 0 running, 1 draining",
    )
    assert engineroom.api.status("GET", f"/api/background-processes/{stubborn.id}") == 404
    assert engineroom.user_pids() == pids

    stubborn.delete()
    wait_until("it is gone", lambda: not engineroom.user_pids(), timeout_seconds=3)
