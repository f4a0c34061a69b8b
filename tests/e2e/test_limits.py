"""The size of an instance is what its processes have, they run as who they belong to, and both can be seen."""

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("root")

MEGABYTE = 1024 * 1024
HOG = f"python3 -c 'import time; time.sleep(0.3); held = bytearray({700 * MEGABYTE}); time.sleep(600)'"


def owner(pid: int) -> str:
    return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name


def test_a_process_that_takes_more_memory_than_its_instance_has_is_killed_and_that_is_said(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code, "--size", "flex.g-1vcpu-512mb").instance
    hog = engineroom.api.create(instance, type="custom", command=HOG, processes=1)

    def reason() -> str:
        listed = engineroom.api.get(f"/api/background-processes/{hog.id}/processes")["data"]
        ended = listed[0]["attributes"]["last_exit"] if listed else None
        return ended["reason"] if ended else ""

    wait_until("it was killed for memory", lambda: reason().startswith("out of memory"))

    def told() -> bool:
        events = engineroom.api.get(f"/api/background-processes/{hog.id}/events")["data"]
        words = ("out of memory", "may use 512 MiB together by its size flex.g-1vcpu-512mb", "larger size")
        return any(all(each in event["attributes"]["message"] for each in words) for event in events)

    wait_until("an event tells it", told)


def test_code_that_is_linked_in_place_has_no_limit_unless_it_is_asked_for(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code).instance
    hog = engineroom.api.create(instance, type="custom", command=HOG, processes=1)
    hog.wait_until_running(1)

    def used() -> int:
        (found,) = engineroom.api.get(f"/api/instances/{instance}/replicas")["data"]
        usage = found["attributes"]["usage"]
        return usage["memory_bytes"] or 0 if usage else 0

    wait_until("it holds more than the contract's default", lambda: used() > 600 * MEGABYTE)
    (found,) = engineroom.api.get(f"/api/instances/{instance}/replicas")["data"]
    assert found["attributes"]["limits"] == {"memory_bytes": None, "cpus": None, "processes": None}
    sentence = "Nothing limits what it uses: the size host of its instance is all that this host has."
    wait_until("an event says so", lambda: sentence in hog.events())


def test_a_command_has_the_memory_of_its_instance_and_no_more(
    engineroom: EngineroomServer, code: Path
) -> None:
    environment = engineroom.link(code, "--size", "flex.g-1vcpu-512mb").environment
    made = engineroom.api.post(f"/api/environments/{environment}/commands", command=HOG)["data"]["id"]

    def shown() -> dict[str, Any]:
        attributes: dict[str, Any] = engineroom.api.get(f"/api/commands/{made}")["data"]["attributes"]
        return attributes

    wait_until("it was killed for memory", lambda: shown()["status"] == "command.failure")
    assert shown()["failure_reason"].startswith("The command failed: out of memory")


def test_a_replica_shows_the_limits_of_its_size_and_what_it_uses(
    engineroom: EngineroomServer, code: Path
) -> None:
    instance = engineroom.link(code, "--size", "flex.g-1vcpu-512mb").instance
    engineroom.api.create(instance, type="custom", command="sleep 600", processes=2).wait_until_running(2)

    def replica() -> dict[str, Any] | None:
        (found,) = engineroom.api.get(f"/api/instances/{instance}/replicas")["data"]
        return found["attributes"] if found["attributes"]["usage"] else None

    found = wait_until("its use is counted", replica)
    assert found is not None
    assert found["limits"] == {"memory_bytes": 512 * MEGABYTE, "cpus": 1.0, "processes": 1024}
    assert found["running"] == 2
    assert found["usage"]["processes"] == 2
    assert 0 < found["usage"]["memory_bytes"] < 50 * MEGABYTE


def test_code_that_belongs_to_somebody_else_does_not_run_as_root(
    engineroom: EngineroomServer, public: Path
) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(public, nobody.pw_uid, nobody.pw_gid)
    linked = engineroom.link(public)
    process = engineroom.api.create(linked.instance, type="custom", command="sleep 600", processes=1)
    (pid,) = process.wait_until_running(1)
    assert owner(pid) == "nobody"


def test_who_runs_it_may_be_chosen_when_it_is_linked(engineroom: EngineroomServer, public: Path) -> None:
    (public / "made").mkdir(mode=0o777)
    (public / "made").chmod(0o777)
    linked = engineroom.link(public, "--user", "games", "--umask", "027")
    command = "touch made/file && exec sleep 600"
    process = engineroom.api.create(linked.instance, type="custom", command=command, processes=1)
    (pid,) = process.wait_until_running(1)
    assert owner(pid) == "games"
    made = public / "made" / "file"
    wait_until("it made a file", made.exists)
    assert made.stat().st_mode & 0o777 == 0o640
