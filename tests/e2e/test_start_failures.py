"""A command that cannot be started is accepted, explained, and heals as soon as its cause is gone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.client import BackgroundProcess, ListedProcess
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

PROGRAM = "#!/bin/sh\nexec sleep 1000\n"


def not_found(code: Path) -> Callable[[], None]:
    def heal() -> None:
        # Written aside, so that no half-written program is ever started.
        whole = code / "run.new"
        whole.write_text(PROGRAM)
        whole.chmod(0o755)
        whole.rename(code / "run")

    return heal


def not_executable(code: Path) -> Callable[[], None]:
    program = code / "run"
    program.write_text(PROGRAM)
    program.chmod(0o644)
    return lambda: program.chmod(0o755)


def without_its_folder(code: Path) -> Callable[[], None]:
    not_found(code)()
    away = code.with_name("away")
    code.rename(away)
    return lambda: void(away.rename(code))


def void(_: object) -> None:
    return None


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (not_found, "was not found"),
        (not_executable, "is not executable"),
        (without_its_folder, "was not found"),
    ],
)
def test_a_command_that_cannot_be_started_backs_off_with_the_reason_and_heals_when_that_is_fixed(
    engineroom: EngineroomServer, code: Path, broken: Callable[[Path], Callable[[], None]], words: str
) -> None:
    instance = engineroom.link(code).instance
    heal = broken(code)

    program = engineroom.api.create(instance, type="custom", command="./run", processes=2)

    shown = program.wait_for(
        "both back off", lambda listed: [process.state for process in listed] == ["backing_off"] * 2
    )
    for process in shown:
        assert process.reason.startswith("could not be started: ")
        assert words in process.reason
        assert process.pid is None
    reason = shown[0].reason
    wait_until("an event tells the reason", lambda: any(reason in event for event in program.events()))
    heal()
    program.wait_until_running(2)
    assert engineroom.user_pids() == program.running_pids()


def test_a_command_that_ends_at_once_backs_off_and_is_tried_again(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance

    failing = engineroom.api.create(instance, type="custom", command="false", processes=1)

    [process] = backs_off(failing)
    assert process.reason == "failed at start (exit 1)"
    tried = process.restarts
    wait_until("it was tried again", lambda: failing.processes()[0].restarts > tried)


def test_a_background_process_that_cannot_start_can_be_deleted(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    missing = engineroom.api.create(instance, type="custom", command="./run", processes=1)
    backs_off(missing)

    operation = missing.delete()

    wait_until("the delete is complete", lambda: engineroom.api.operation(operation).status == "succeeded")


def backs_off(background_process: BackgroundProcess) -> list[ListedProcess]:
    return background_process.wait_for(
        "it backs off", lambda listed: [p.state for p in listed] == ["backing_off"]
    )
