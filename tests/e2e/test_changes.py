"""A change touches what differs and nothing else, and can be watched while it goes on."""

from pathlib import Path

import pytest

from tests.support import proc
from tests.support.client import Api, Operation
from tests.support.engineroom_server import EngineroomServer
from tests.support.laravel import LaravelApplication
from tests.support.ports import free_port
from tests.support.waiting import wait_until

# Binds its port, and lets it go some time after it was asked to stop; says so in a file.
LISTENER = """\
import os, signal, socket, sys, time

port, name = int(sys.argv[1]), sys.argv[2]


def say(what):
    with open("listeners.txt", "a") as file:
        file.write(f"{name} {what}\\n")


def stop(*_):
    time.sleep(0.3)
    say("stops")
    os._exit(0)


signal.signal(signal.SIGTERM, stop)
listener = socket.socket()
try:
    listener.bind(("127.0.0.1", port))
except OSError:
    say("finds its port taken")
    raise
listener.listen()
say("listens")
while True:
    signal.pause()
"""

# Ends when the file `finish` is there, some time after it was asked to stop.
SLOW_TO_STOP = """\
trap 'stopping=1' TERM
echo started >> slow.txt
until [ "$stopping" ] && [ -e finish ]; do sleep 0.02; done
"""


def finished(api: Api, operation: str) -> Operation:
    def look() -> Operation | None:
        read = api.operation(operation)
        return read if read.status == "succeeded" else None

    done = wait_until(f"operation {operation} has succeeded", look)
    assert done is not None
    return done


def test_raising_processes_starts_only_the_difference(engineroom: EngineroomServer, code: Path) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    before = sleepers.wait_until_running(2)

    sleepers.update(processes=5)

    after = sleepers.wait_until_running(5)
    assert before < after
    assert engineroom.user_pids() == after


def test_lowering_processes_drains_only_the_difference(engineroom: EngineroomServer, code: Path) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=5)
    before = sleepers.wait_until_running(5)

    sleepers.update(processes=2)

    after = sleepers.wait_until_running(2)
    assert after < before
    wait_until("the others are gone", lambda: engineroom.user_pids() == after)


def test_a_change_of_nothing_touches_nothing(engineroom: EngineroomServer, code: Path) -> None:
    instance = engineroom.link(code).instance
    sleepers = engineroom.api.create(instance, type="custom", command="sleep 1000", processes=2)
    before = sleepers.wait_until_running(2)

    finished(engineroom.api, sleepers.update(processes=2, command="sleep 1000"))

    assert sleepers.wait_until_running(2) == before


def test_changing_the_command_of_a_custom_process_ends_the_old_one_before_it_starts_the_new(
    engineroom: EngineroomServer, code: Path
) -> None:
    (code / "listener.py").write_text(LISTENER)
    said = code / "listeners.txt"
    port = free_port()
    instance = engineroom.link(code).instance
    listener = engineroom.api.create(
        instance, type="custom", command=f"python3 listener.py {port} first", processes=1
    )
    wait_until("the first listens", said.exists)

    finished(engineroom.api, listener.update(command=f"python3 listener.py {port} second"))

    wait_until("the second listens", lambda: "second" in said.read_text())
    assert said.read_text().splitlines() == ["first listens", "first stops", "second listens"]


@pytest.mark.needs("php", "laravel", "php-redis", "redis-server")
def test_changing_the_config_of_a_worker_replaces_each_process_and_never_has_fewer_than_wanted(
    engineroom: EngineroomServer, laravel: LaravelApplication
) -> None:
    instance = engineroom.link(laravel.folder, **laravel.variables).instance
    workers = engineroom.api.create(
        instance, type="worker", processes=3, config={"connection": "redis", "sleep": 1}
    )
    before = workers.wait_until_running(3)
    laravel.push(15, sleep_milliseconds=300)
    wait_until("all are at work", lambda: {worked.pid for worked in laravel.worked()} == before)

    alive: list[int] = []

    def replaced() -> bool:
        alive.append(len(engineroom.user_pids()))
        return engineroom.api.operation(operation).status == "succeeded"

    operation = workers.update(config={"tries": 2})
    wait_until("the change is complete", replaced)

    assert min(alive) >= 3
    after = workers.wait_until_running(3)
    assert not before & after
    # The application itself is asked now and then where its queues are.
    wait_until("nothing else is left", lambda: engineroom.user_pids() == after)
    assert all("--tries=2" in proc.argv(pid) for pid in after)


def test_a_change_can_be_read_as_an_operation_while_it_goes_on(
    engineroom: EngineroomServer, code: Path
) -> None:
    (code / "slow.sh").write_text(SLOW_TO_STOP)
    instance = engineroom.link(code).instance
    slow = engineroom.api.create(instance, type="custom", command="sh slow.sh", processes=2)
    slow.wait_until_running(2)
    created = finished(engineroom.api, slow.created_by)
    assert created.action == "create"
    wait_until("both have set their traps", lambda: (code / "slow.txt").read_text() == "started\n" * 2)

    operation = slow.update(processes=1)

    going_on = engineroom.api.operation(operation)
    assert (going_on.action, going_on.status) == ("update", "running")
    draining = slow.wait_for(
        "one drains and is still listed, with its deadline",
        lambda listed: sorted(process.state for process in listed) == ["draining", "running"],
    )
    assert [process.deadline_at is not None for process in draining if process.state == "draining"] == [True]
    (code / "finish").touch()
    assert finished(engineroom.api, operation).attributes["finished_at"] is not None
    assert len(slow.wait_until_running(1)) == 1


def test_a_newer_change_takes_over_from_one_that_is_not_complete(
    engineroom: EngineroomServer, code: Path
) -> None:
    (code / "slow.sh").write_text(SLOW_TO_STOP)
    instance = engineroom.link(code).instance
    slow = engineroom.api.create(instance, type="custom", command="sh slow.sh", processes=2)
    slow.wait_until_running(2)
    wait_until("both have set their traps", lambda: (code / "slow.txt").read_text() == "started\n" * 2)

    older = slow.update(processes=1)
    newer = slow.update(processes=2)
    (code / "finish").touch()

    finished(engineroom.api, newer)
    assert engineroom.api.operation(older).status == "superseded"
    slow.wait_until_running(2)


def test_a_change_that_a_crash_of_the_control_plane_interrupts_is_completed_after_the_next_start(
    engineroom: EngineroomServer, code: Path
) -> None:
    (code / "slow.sh").write_text(SLOW_TO_STOP)
    instance = engineroom.link(code).instance
    slow = engineroom.api.create(instance, type="custom", command="sh slow.sh", processes=1)
    slow.wait_until_running(1)
    wait_until("it has set its trap", (code / "slow.txt").exists)

    operation = slow.update(command="sleep 1000")
    engineroom.kill()
    engineroom.start()
    (code / "finish").touch()

    finished(engineroom.api, operation)
    [pid] = slow.through(engineroom.api).wait_until_running(1)
    assert proc.argv(pid) == ["sleep", "1000"]
    assert engineroom.user_pids() == {pid}
