"""The variables of processes: in this host's memory, never in the keeper's folder, and there after a crash all the same."""

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from engineroom.keeper.folder import variables
from engineroom.keeper.folder.variables import Variables
from engineroom.runtime.local import messages, translation
from tests.keeper.running_keeper import RunningKeeper
from tests.keeper.test_upgrade import upgrade
from tests.support import proc
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_until

SLEEP = ("sleep", "600")
SECRET = "vErY-sEcReT-vAlUe"
WITH_SECRET = {"PATH": "/usr/bin:/bin", "PASSWORD": SECRET}


def files_with(secret: str, folder: Path) -> list[Path]:
    """Return the files of a folder, as a backup would have them, that the secret stands in."""
    regular = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in regular if secret.encode() in path.read_bytes()]


def memory_of(keeper: RunningKeeper) -> Path:
    return Path((keeper.folder / "variables-at").read_text())


def has_secret(pid: int) -> bool:
    return proc.environment(pid).get("PASSWORD") == SECRET


def test_a_copy_of_the_folder_has_no_variables(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP, environment=WITH_SECRET)
    wait_until("it has them", lambda: has_secret(pid))
    assert files_with(SECRET, keeper.folder) == []
    upgrade(keeper)
    keeper.end(signal.SIGKILL)
    assert files_with(SECRET, keeper.folder) == []
    keeper.start()
    assert files_with(SECRET, keeper.folder) == []


def test_they_are_in_memory_for_the_keepers_user_alone(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP, environment=WITH_SECRET)
    facts = memory_of(keeper).stat()
    assert (facts.st_mode & 0o777, facts.st_uid) == (0o600, os.geteuid())
    assert SECRET in memory_of(keeper).read_text()


@pytest.mark.parametrize("how", ["killed", "upgraded"])
def test_the_next_keeper_starts_things_with_their_variables_though_no_server_is_there(
    keeper: RunningKeeper, how: str
) -> None:
    pid = keeper.run("a", *SLEEP, environment=WITH_SECRET)
    if how == "killed":
        keeper.end(signal.SIGKILL)
        keeper.start()
    else:
        upgrade(keeper)
    proc.kill(pid)
    again = keeper.running("a", other_than=pid)
    wait_until("it has them", lambda: has_secret(again))


def test_where_the_memory_is_gone_it_runs_on_and_then_waits_for_its_server(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP, environment=WITH_SECRET)
    keeper.end(signal.SIGKILL)
    memory_of(keeper).unlink()
    keeper.start()
    seen = keeper.processes()[keeper.id("a")]
    assert (seen["state"], seen["pid"], seen["lacks_variables"]) == ("running", pid, False)
    proc.kill(pid)
    waits = keeper.wait("a", "waits", lambda process: process["state"] == "backing_off")
    assert waits["lacks_variables"]
    assert "its server gives them again" in waits["last_exit"]["path"]
    assert keeper.living() == []
    keeper.end(signal.SIGKILL)
    keeper.start()
    assert keeper.processes()[keeper.id("a")]["lacks_variables"], "none are not what it had"


@pytest.mark.parametrize("what", ["the file", "its folder", "where it is"])
def test_memory_that_is_removed_while_the_keeper_runs_is_made_again(keeper: RunningKeeper, what: str) -> None:
    pid = keeper.run("a", *SLEEP, environment=WITH_SECRET)
    kept = memory_of(keeper)
    if what == "the file":
        kept.unlink()
    elif what == "its folder":
        shutil.rmtree(kept.parent)
    else:
        (keeper.folder / "variables-at").unlink()
        shutil.rmtree(kept.parent)

    def is_kept_again() -> bool:
        with contextlib.suppress(OSError):
            return SECRET in memory_of(keeper).read_text()
        return False

    wait_until("it is kept again", is_kept_again)
    assert "Somebody has removed the file of variables" in " ".join(
        item["message"] for item in keeper.call("hello")["news"]["items"]
    )
    keeper.end(signal.SIGKILL)
    keeper.start()
    proc.kill(pid)
    again = keeper.running("a", other_than=pid)
    wait_until("it has them", lambda: has_secret(again))


@pytest.mark.needs("root")
def test_after_memory_that_was_full_everything_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "keeper"
    folder.mkdir()
    with small_disk(tmp_path / "memory", megabytes=1) as memory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(memory))
        kept = Variables(folder)
        kept.keep("a", WITH_SECRET)
        fill(memory / "filler", bytes(1))
        kept.keep("b", {"PASSWORD": "x" * 8192})
        (memory / "filler").unlink()
        assert not kept.heal({"a": WITH_SECRET, "b": WITH_SECRET}), "nobody has removed it"
        assert Variables(folder).read() == {"a": WITH_SECRET, "b": WITH_SECRET}


@pytest.mark.needs("root")
def test_on_a_full_disk_no_memory_is_left_behind_that_nobody_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(variables, "_is_memory", lambda folder: memory in {folder, folder.parent})
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(memory))
    with small_disk(tmp_path / "keeper", megabytes=1) as folder:
        fill(folder / "filler", bytes(4096))
        none = Variables(folder)
        assert not none.heal({})
        assert list(memory.iterdir()) == []
        (folder / "filler").unlink()
        assert none.heal({"a": WITH_SECRET})
        assert Variables(folder).read() == {"a": WITH_SECRET}


def test_what_waits_for_its_variables_is_another_than_is_wanted_and_so_replaced() -> None:
    labels = {"background_process": "process-1", "replica": "1", "index": "0", "fingerprint": "f"}
    kept = {
        "id": "a",
        "labels": labels,
        "state": "backing_off",
        "pid": None,
        "restarts": 1,
        "young_deaths": 1,
    }
    times = dict.fromkeys(("started_at", "started_monotonic", "due_at", "last_exit"))
    for lacks, fingerprint in ((False, "f"), (True, "")):
        told = {**kept, **times, "crash_looping": False, "lacks_variables": lacks}
        assert translation.process(messages.convert(told, messages.KeptProcess)).fingerprint == fingerprint


def test_what_an_earlier_version_wrote_is_used_and_taken_out_of_the_folder(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP, environment=WITH_SECRET)
    keeper.end(signal.SIGKILL)
    memory_of(keeper).unlink()
    journal = keeper.folder / "journal"
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    for entry in entries:
        if "spec" in entry:
            entry["spec"]["environment"] = WITH_SECRET
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    keeper.start()
    assert files_with(SECRET, keeper.folder) == []
    proc.kill(pid)
    again = keeper.running("a", other_than=pid)
    wait_until("it has them", lambda: has_secret(again))


@pytest.mark.parametrize("harm", ["readable by others", "a link", "on a disk"])
def test_a_file_that_is_not_ours_alone_is_not_used(tmp_path: Path, harm: str) -> None:
    first = Variables(tmp_path)
    first.keep("a", WITH_SECRET)
    file = Path((tmp_path / "variables-at").read_text())
    if harm == "readable by others":
        file.chmod(0o644)
    elif harm == "a link":
        file.rename(f"{file}.moved")
        file.symlink_to(f"{file}.moved")
    else:
        (tmp_path / "elsewhere").write_bytes(file.read_bytes())
        (tmp_path / "elsewhere").chmod(0o600)
        (tmp_path / "variables-at").write_text(str(tmp_path / "elsewhere"))
    second = Variables(tmp_path)
    assert second.read() == {}
    shutil.rmtree(file.parent)
    second.remove()


def test_nobody_can_stand_in_the_way_of_the_file_that_they_are_written_to_anew(tmp_path: Path) -> None:
    kept = Variables(tmp_path)
    folder = Path((tmp_path / "variables-at").read_text()).parent
    facts = folder.stat()
    assert (facts.st_mode & 0o777, facts.st_uid) == (0o700, os.geteuid())
    kept.remove()
    assert not folder.exists()


def test_beside_them_it_is_said_whose_they_are_also_after_the_folder_was_moved(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    Variables(tmp_path / "one").keep("a", WITH_SECRET)
    owner = Path((tmp_path / "one" / "variables-at").read_text()).with_name("keeper")
    assert owner.readlink() == tmp_path / "one"
    (tmp_path / "one").rename(tmp_path / "two")
    moved = Variables(tmp_path / "two")
    assert moved.read() == {"a": WITH_SECRET}
    assert owner.readlink() == tmp_path / "two"
    moved.remove()
    assert not owner.parent.exists()


def test_without_memory_nothing_is_kept_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variables, "_IN_MEMORY", ())
    none = Variables(tmp_path)
    none.keep("a", WITH_SECRET)
    none.rewrite({"a": WITH_SECRET})
    assert none.read() == {}
    assert files_with(SECRET, tmp_path) == []
    none.remove()
