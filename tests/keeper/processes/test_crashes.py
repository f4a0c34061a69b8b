"""The keeper dies, and another one takes over: no process is lost, doubled or forgotten."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper.output.offset_index import OffsetIndex
from engineroom.keeper.output.spool_notes import DEFAULT_KEPT_BYTES
from tests.keeper.running_keeper import JsonObject, RunningKeeper, running_keeper
from tests.keeper.worlds import WORLDS
from tests.support import proc
from tests.support.waiting import patient, wait_until

SLEEP = ("sleep", "600")
TELLS_EXITS_OF_STRANGERS = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2])) >= (6, 15)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of the keeper's."""
    process = subprocess.Popen(SLEEP, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def journal_entries(keeper: RunningKeeper) -> list[JsonObject]:
    return [json.loads(line) for line in (keeper.folder / "journal").read_bytes().splitlines()]


def write_journal(keeper: RunningKeeper, entries: list[JsonObject]) -> None:
    lines = [json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in entries]
    (keeper.folder / "journal").write_bytes(b"".join(lines))


def restart(keeper: RunningKeeper) -> None:
    keeper.end(signal.SIGKILL)
    keeper.start()


def test_the_same_pids_are_found_again(keeper: RunningKeeper) -> None:
    pids = {name: keeper.run(name, *SLEEP) for name in "abc"}
    for _ in range(2):
        restart(keeper)
        assert {name: keeper.running(name) for name in "abc"} == pids
    assert sorted(keeper.living()) == sorted(pids.values())


def test_a_keeper_that_may_have_few_files_open_counts_what_is_used_and_starts_more(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(20)]
    with running_keeper(tmp_path / "keeper", ("prlimit", "--nofile=64:64")) as keeper:
        keeper.call("start", processes=[keeper.spec(name, *SLEEP) for name in names])
        pids = {name: keeper.running(name) for name in names}
        restart(keeper)
        for _ in range(2):
            assert len(keeper.call("usage")["processes"]) == len(names)
        keeper.run("more", *SLEEP)
        assert {name: keeper.running(name) for name in names} == pids


def test_a_keeper_that_may_not_have_open_what_it_must_lets_everything_run_and_says_so(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(60)]
    with running_keeper(tmp_path / "keeper") as keeper:
        keeper.call("start", processes=[keeper.spec(name, *SLEEP) for name in names])
        pids = {name: keeper.running(name) for name in names}
        keeper.end(signal.SIGKILL)
        poor = [
            "prlimit",
            "--nofile=32:32",
            sys.executable,
            "-I",
            "-m",
            "engineroom.keeper",
            str(keeper.folder),
        ]
        tried = subprocess.run(poor, capture_output=True, text=True, check=False)
        assert tried.returncode == 1
        assert "cannot start the keeper: [Errno 24]" in tried.stderr
        keeper.start()
        assert {name: keeper.running(name) for name in names} == pids


def test_one_that_died_meanwhile_is_noticed_and_runs_again(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    proc.kill(pid)
    keeper.start()
    keeper.running("a", other_than=pid)
    found = keeper.processes()[keeper.id("a")]
    assert found["restarts"] == 1
    assert found["last_exit"]["code"] is None
    assert found["last_exit"]["signal"] is None
    assert len(keeper.living("a")) == 1


def exit_told(keeper: RunningKeeper, name: str, kind: str = "exited") -> tuple[int | None, int | None]:
    """Wait for the first end of the process that is told, and return its exit code and signal."""

    def look() -> list[JsonObject]:
        return [event for event in keeper.events(name) if event["event"].startswith(kind)]

    (event, *_) = wait_until("its end is told", look)
    ended = event["process"]["last_exit"]
    return ended["code"], ended["signal"]


def test_the_exit_code_of_an_adopted_process_is_its_true_one(keeper: RunningKeeper, tmp_path: Path) -> None:
    go = tmp_path / "go"
    keeper.run("a", "sh", "-c", f"while [ ! -e {go} ]; do sleep 0.02; done; rm {go}; exit 7")
    restart(keeper)
    go.touch()
    known = [(7, None)] if TELLS_EXITS_OF_STRANGERS else [(7, None), (None, None)]
    assert exit_told(keeper, "a") in known
    keeper.running("a")


def test_the_signal_that_killed_an_adopted_process_is_its_true_one(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    restart(keeper)
    proc.kill(pid)
    known = [(None, 9)] if TELLS_EXITS_OF_STRANGERS else [(None, 9), (None, None)]
    assert exit_told(keeper, "a") in known
    keeper.running("a", other_than=pid)


def test_an_adopted_process_drains_like_any_other(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    keeper.run("b", "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    restart(keeper)
    keeper.stop("a", timeout_seconds=30)
    keeper.stop("b", timeout_seconds=0.2)
    keeper.gone("a")
    keeper.gone("b")


def test_a_drain_goes_on_with_its_deadline(keeper: RunningKeeper) -> None:
    keeper.run("a", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
    wait_until("it ignores TERM", lambda: keeper.output("a") == b"ready\n")
    keeper.stop("a", timeout_seconds=300)
    before = keeper.processes()[keeper.id("a")]
    restart(keeper)
    after = keeper.processes()[keeper.id("a")]
    assert after["state"] == "draining"
    assert after["due_monotonic"] == before["due_monotonic"]
    keeper.stop("a", timeout_seconds=0.1)
    keeper.gone("a")


def test_backing_off_goes_on_where_it_was(keeper: RunningKeeper) -> None:
    keeper.call("start", processes=[keeper.spec("a", "/no/such/program")])
    # By then it waits for seconds: longer than a busy machine takes for another keeper.
    before = keeper.wait("a", "backs off", lambda process: process["restarts"] >= 4)
    restart(keeper)
    after = keeper.processes()[keeper.id("a")]
    assert after["state"] == "backing_off"
    assert after["due_monotonic"] == before["due_monotonic"]
    keeper.wait("a", "is tried again", lambda process: process["restarts"] > before["restarts"])


def test_a_start_that_was_not_written_down_is_found_and_not_repeated(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    write_journal(keeper, [entry for entry in journal_entries(keeper) if "event" not in entry])
    keeper.start()
    assert keeper.running("a") == pid
    assert keeper.living("a") == [pid]
    keeper.stop("a")
    keeper.gone("a")


def test_a_start_that_was_intended_and_did_not_happen_is_made_up_for(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    keeper.end(signal.SIGKILL)
    write_journal(keeper, [*journal_entries(keeper), {"spec": keeper.spec("b", *SLEEP)}])
    keeper.start()
    keeper.running("b")
    assert len(keeper.living()) == 2


@pytest.mark.needs("root")
@pytest.mark.parametrize("world", WORLDS)
def test_what_is_to_run_once_is_not_run_again_when_its_start_was_not_written_down(
    tmp_path: Path, world: str
) -> None:
    printed, go = tmp_path / "printed", tmp_path / "go"
    body = f"sleep 600 & echo once; until [ -e {go} ]; do sleep 0.02; done"
    with running_keeper(tmp_path / "keeper", WORLDS[world]) as keeper:
        pid = keeper.run("a", "sh", "-c", body, once=True, output_file=str(printed))
        wait_until("it has printed", printed.read_text)
        keeper.end(signal.SIGKILL)
        go.touch()
        wait_until("it has ended", lambda: not proc.is_alive(pid))
        write_journal(keeper, [entry for entry in journal_entries(keeper) if "event" not in entry])
        keeper.start()
        keeper.gone("a")
        assert printed.read_text() == "once\n"
        assert exit_told(keeper, "a", "finished") == (None, None)


def test_orphans_of_a_leader_that_died_meanwhile_are_ended(keeper: RunningKeeper) -> None:
    leader = keeper.run("a", "sh", "-c", "sleep 600 & wait")
    wait_until("it has a child", lambda: len(keeper.living("a")) == 2)
    (child,) = set(keeper.living("a")) - {leader}
    keeper.end(signal.SIGKILL)
    proc.kill(leader)
    assert proc.is_alive(child)
    keeper.start()
    keeper.running("a", other_than=leader)
    wait_until("the orphan is gone", lambda: not proc.is_alive(child))


def test_a_drain_whose_leader_died_meanwhile_ends_the_orphans(keeper: RunningKeeper) -> None:
    body = "sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & exec sleep 600"
    leader = keeper.run("a", "sh", "-c", body)
    wait_until("it has a child", lambda: len(keeper.living("a")) >= 2)
    keeper.stop("a", timeout_seconds=1.0)
    wait_until("the leader is gone", lambda: not proc.is_alive(leader))
    restart(keeper)
    keeper.gone("a")


@pytest.mark.needs("root")
@pytest.mark.parametrize("what_is_left", ["pid", "orphans"])
@pytest.mark.parametrize("world", WORLDS)
def test_another_process_with_a_remembered_number_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes], world: str, what_is_left: str
) -> None:
    with running_keeper(tmp_path / "keeper", WORLDS[world]) as keeper:
        pid = keeper.run("a", *SLEEP)
        keeper.end(signal.SIGKILL)
        proc.kill(pid)
        entries = journal_entries(keeper)
        seen = entries[-1]["process"]
        if what_is_left == "pid":
            seen |= {"pid": stranger.pid, "container": f"group:{stranger.pid}"}
        else:
            seen["orphans"] = {f"group:{stranger.pid}": 0.0}
        write_journal(keeper, entries)
        keeper.start()
        keeper.running("a", other_than=pid)
        keeper.stop("a")
        keeper.gone("a")
        assert stranger.poll() is None


def test_after_a_boot_of_the_host_everything_is_started_anew(
    keeper: RunningKeeper, stranger: subprocess.Popen[bytes]
) -> None:
    """Pids and the monotonic clock begin anew: neither may be taken for what it was."""
    keeper.run("runs", *SLEEP)
    keeper.run("drains", *SLEEP)
    keeper.call("start", processes=[keeper.spec("waits", "/no/such/program")])
    keeper.wait("waits", "backs off", lambda process: process["restarts"] == 1)
    keeper.end(signal.SIGKILL)
    for pid in keeper.living():
        proc.kill(pid)

    ticks = int(Path(f"/proc/{stranger.pid}/stat").read_text().rpartition(")")[2].split()[19])
    write_journal(keeper, [of_an_earlier_boot(e, stranger.pid, ticks) for e in journal_entries(keeper)])
    keeper.start()
    keeper.running("runs", other_than=stranger.pid)
    keeper.wait("waits", "is tried at once", lambda process: process["restarts"] >= 2)
    keeper.stop("runs", force=True)
    keeper.gone("runs")
    assert stranger.poll() is None


def test_a_keeper_killed_as_it_begins_after_a_boot_leaves_no_times_of_the_earlier_one(
    keeper: RunningKeeper,
) -> None:
    keeper.call("start", processes=[keeper.spec("waits", "/no/such/program")])
    keeper.wait("waits", "backs off", lambda process: process["restarts"] == 1)
    keeper.end(signal.SIGKILL)
    write_journal(keeper, [of_an_earlier_boot(entry, 1, 1) for entry in journal_entries(keeper)])
    keeper.start()
    entries = journal_entries(keeper)
    rewritten = max(number for number, entry in enumerate(entries) if "snapshot" in entry)
    keeper.end(signal.SIGKILL)
    write_journal(keeper, entries[: rewritten + 1])
    keeper.start()
    keeper.wait("waits", "is tried at once", lambda process: process["restarts"] >= 2)


def of_an_earlier_boot(entry: JsonObject, pid: int, ticks: int) -> JsonObject:
    """Return a journal's entry as a host that had been up for a month would have left it."""
    if "boot" in entry:
        return {**entry, "boot": "another"}
    if "process" not in entry:
        return entry
    process = dict(entry["process"])
    for name in ("started_monotonic", "due_monotonic"):
        process[name] = process[name] and process[name] + 30 * 86400
    if process["pid"]:
        process |= {"pid": pid, "start_ticks": ticks}
    return {**entry, "process": process}


def test_a_second_keeper_on_the_same_folder_refuses(keeper: RunningKeeper) -> None:
    pid = keeper.run("a", *SLEEP)
    command = [sys.executable, "-I", "-m", "engineroom.keeper", str(keeper.folder)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=patient(30), check=False)
    assert second.returncode == 1
    (line,) = second.stderr.splitlines()
    assert line == (
        f"cannot start the keeper: another keeper (pid {keeper.pid}) already runs on {keeper.folder}"
    )
    assert keeper.running("a") == pid


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-I", "-m", "engineroom.keeper", str(tmp_path / "file" / "keeper")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=patient(30), check=False)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("cannot start the keeper: ")


def test_the_folder_is_for_its_owner_alone(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    modes = {path.name: path.stat().st_mode & 0o077 for path in [keeper.folder, *keeper.folder.iterdir()]}
    assert set(modes.values()) == {0}, modes


def test_a_bound_of_output_outlives_the_keeper_that_was_told_of_it(keeper: RunningKeeper) -> None:
    size = 2 * DEFAULT_KEPT_BYTES
    keeper.call("watch_output", kept_bytes=2 * size)
    keeper.run("a", "sh", "-c", f"head -c {size} /dev/zero; exec sleep 600")
    wait_until("all is printed", lambda: len(keeper.output("a")) == size)
    restart(keeper)
    marks = OffsetIndex(str(keeper.folder / "marks" / f"{keeper.id('a')}.stdout"))
    assert marks.marked == size
    assert marks.header.begin == 0
