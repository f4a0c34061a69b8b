"""What the doctor says, of a real keeper and of facts."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from engineroom import __version__
from engineroom.cli.host.doctor import Grade, doctor, of_hello, of_kernel, of_processes, of_space
from engineroom.runtime.local.messages import Hello
from engineroom.runtime.local.process_ids import ProcessRoom
from tests.keeper.running_keeper import running_keeper
from tests.keeper.worlds import WITHOUT_CGROUPS
from tests.support.engineroom_server import ENGINEROOM
from tests.support.waiting import wait_until


def examined(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    capsys.readouterr()
    doctor(json_=True, data=folder)
    return {each["what"]: (each["grade"], each["message"]) for each in json.loads(capsys.readouterr().out)}


def test_before_the_first_start_it_says_what_will_make_it_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = examined(tmp_path / "new", capsys)
    assert found["data folder"][0] == found["keeper"][0] == "warning"
    assert "engineroom serve" in found["data folder"][1]


def test_of_a_keeper_that_runs_it_tells_the_version_and_the_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_keeper(tmp_path / "keeper") as keeper:
        found = examined(tmp_path, capsys)
        assert found["keeper"] == ("ok", f"pid {keeper.pid}, version {__version__}")
        assert found["disk"][0] in ("ok", "warning")


def test_descriptors_that_will_not_suffice_are_told_before_they_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_keeper(tmp_path / "keeper", ("prlimit", "--nofile=80:80")) as keeper:
        assert "descriptors" not in examined(tmp_path, capsys)
        names = [f"a{number}" for number in range(20)]
        keeper.call("start", processes=[keeper.spec(name, "sleep", "600") for name in names])
        grade, message = examined(tmp_path, capsys)["descriptors"]
        assert grade == "warning"
        assert "20 processes run" in message
        assert "LimitNOFILE=168" in message

        def told() -> list[str]:
            return [item["kind"] for item in keeper.call("hello")["news"]["items"]]

        wait_until("it is told", lambda: told() == ["keeper.short_of_descriptors"])


@pytest.mark.needs("root")
def test_limits_that_cannot_be_enforced_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_keeper(tmp_path / "keeper", WITHOUT_CGROUPS):
        found = examined(tmp_path, capsys)
    for what in ("memory limit", "cpu limit", "processes limit"):
        assert found[what][0] == "warning"
        assert "run engineroom as root" in found[what][1]


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("world", "grade"), [((), "ok"), (WITHOUT_CGROUPS, "warning")], ids=["cgroups", "none"]
)
def test_what_is_not_limited_of_tasks_is_warned_of(
    tmp_path: Path, world: tuple[str, ...], grade: str
) -> None:
    words = [*world, ENGINEROOM, "doctor", "--json", "--data", str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    found = {each["what"]: each for each in json.loads(ran.stdout)}
    for what in ("task memory", "task processes"):
        assert found[what]["grade"] == grade
        assert ("run engineroom as root" in found[what]["message"]) == (grade == "warning")


def test_what_does_not_work_is_the_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_keeper(tmp_path / "keeper") as keeper:
        os.kill(keeper.pid, signal.SIGSTOP)
        with pytest.raises(SystemExit) as ended:
            doctor(data=tmp_path)
        os.kill(keeper.pid, signal.SIGCONT)
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "does not answer" in said
    assert f"kill -CONT {keeper.pid}" in said, "and what to do"


def test_a_keeper_of_another_version_is_to_be_upgraded() -> None:
    (found,) = of_hello(Hello(protocol=2, version="0.0.1", pid=7, epoch="1", sequence=0))
    assert found.grade is Grade.WARNING
    assert "engineroom serve" in found.message


def test_a_disk_that_is_nearly_full_is_warned_of() -> None:
    assert of_space(1000, 49).grade is Grade.WARNING
    assert of_space(1000, 51).grade is Grade.GOOD


@pytest.mark.parametrize(
    ("release", "grade"),
    [("5.4.0-42-generic", Grade.WARNING), ("6.1.0-28-amd64", Grade.GOOD), ("6.18.44", Grade.GOOD)],
)
def test_a_kernel_is_told_with_what_it_lacks(release: str, grade: Grade) -> None:
    assert of_kernel(release).grade is grade


@pytest.mark.parametrize(("there", "grade"), [(100, Grade.GOOD), (9_000, Grade.WARNING)])
def test_little_room_for_processes_is_told_with_what_to_change(there: int, grade: Grade) -> None:
    [found] = of_processes(ProcessRoom(most=10_000, there=there, remedy="TasksMax=40000"))
    assert found.grade is grade
    assert ("TasksMax=40000" in found.message) == (grade is Grade.WARNING)
