"""Runs on this host, with real processes."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engineroom.model.one_off import OneOff, OneOffState
from engineroom.runtime.local.one_offs import OneOffs
from tests.support import proc
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_until


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[OneOffs]:
    made = OneOffs(tmp_path / "one-offs")
    yield made
    made.end_all()


def a_run(
    script: str, *, timeout_seconds: float = 30, output_limit_bytes: int = 1000, folder: str = "/"
) -> OneOff:
    return OneOff(
        id="comm-1",
        argv=("/bin/sh", "-c", script),
        working_directory=folder,
        variables={"PATH": os.environ["PATH"], "GREETING": "hello"},
        timeout_seconds=timeout_seconds,
        output_limit_bytes=output_limit_bytes,
    )


def ended(runs: OneOffs, run: OneOff) -> OneOffState:
    def look() -> OneOffState | None:
        state = runs.have([run])[run.id]
        return state if state.ended_at else None

    state = wait_until("the run is over", look)
    assert state is not None
    return state


def pid_written(path: Path) -> int:
    return int(wait_until("it wrote its pid", lambda: path.exists() and path.read_text().strip()))


def test_a_run_has_its_variables_its_output_and_its_exit_code(runs: OneOffs) -> None:
    state = ended(runs, a_run("echo $GREETING; pwd; echo oops >&2; exit 3"))

    assert (state.output, state.code, state.failure) == ("hello\n/\noops\n", 3, None)
    assert state.started_at is not None


def test_a_run_ignores_and_blocks_no_signal_because_the_server_does(runs: OneOffs) -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    try:
        state = ended(runs, a_run("grep -E 'Sig(Blk|Ign)' /proc/self/status"))
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
    # Two more are of the C library alone: what it has spawned, as make does, ignores them, and nobody can change that.
    ours = sum(1 << (number - 1) for number in signal.valid_signals())
    assert [int(line.split()[1], 16) & ours for line in state.output.splitlines()] == [0, 0]


def test_a_run_is_started_once_and_goes_on_without_whoever_asked(runs: OneOffs, tmp_path: Path) -> None:
    run = a_run(f"echo once >> {tmp_path}/count; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo end")
    wait_until("it has begun", lambda: runs.have([run])[run.id].started_at)
    (tmp_path / "go").touch()

    assert ended(OneOffs(tmp_path / "one-offs"), run).output == "end\n"
    assert (tmp_path / "count").read_text() == "once\n"


def test_when_its_time_is_up_it_is_killed_with_everything_that_it_started(
    runs: OneOffs, tmp_path: Path
) -> None:
    stray = f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 60' & sleep 60"
    state = ended(runs, a_run(stray, timeout_seconds=4))

    assert state.failure == "it was killed after 4 s"
    assert not proc.is_alive(pid_written(tmp_path / "pid"))


def test_output_beyond_the_limit_is_read_and_dropped(runs: OneOffs) -> None:
    state = ended(runs, a_run("head -c 5000000 /dev/zero | tr '\\0' x", output_limit_bytes=10))
    assert (state.output, state.code) == ("x" * 10, 0)


def test_what_holds_the_output_open_holds_nothing_up(runs: OneOffs, tmp_path: Path) -> None:
    state = ended(runs, a_run(f"sleep 60 & echo $! > {tmp_path}/pid; echo done"))

    assert (state.output, state.code) == ("done\n", 0)
    assert not proc.is_alive(pid_written(tmp_path / "pid"))


def test_a_run_that_is_not_named_any_more_is_ended_and_forgotten(runs: OneOffs, tmp_path: Path) -> None:
    runs.have([a_run(f"echo $$ > {tmp_path}/pid; exec sleep 60")])
    pid = pid_written(tmp_path / "pid")

    wait_until("it is forgotten", lambda: not runs.have([]) and not runs.any())
    assert not proc.is_alive(pid)


def test_a_run_whose_runner_is_killed_is_lost_and_ended(runs: OneOffs, tmp_path: Path) -> None:
    stray = f"setsid sh -c 'echo $$ > {tmp_path}/stray; exec sleep 60' &"
    run = a_run(
        f"{stray} until [ -s {tmp_path}/stray ]; do sleep 0.02; done; echo $$ > {tmp_path}/pid; sleep 60"
    )
    runs.have([run])
    pid = pid_written(tmp_path / "pid")
    os.kill(proc.parent(pid), signal.SIGKILL)

    state = ended(runs, run)

    assert state.failure is not None
    assert state.failure.startswith("it was lost")
    wait_until("nothing is left of it", lambda: not proc.is_alive(pid))
    wait_until("nor of its stray", lambda: not proc.is_alive(pid_written(tmp_path / "stray")))


def test_a_run_of_which_a_host_that_went_down_left_nothing_is_lost_and_holds_up_no_other(
    runs: OneOffs, tmp_path: Path
) -> None:
    lost, other = a_run("exit 0"), replace(a_run("exit 0"), id="comm-2")
    ended(runs, lost)
    (tmp_path / "one-offs" / lost.id / "state.json").write_bytes(b"")

    found = ended(runs, lost)
    assert found.failure is not None
    assert found.failure.startswith("it was lost")
    assert found.started_at is not None
    assert ended(runs, other).code == 0
    wait_until("it is forgotten", lambda: not runs.have([]) and not runs.any())


def test_what_cannot_be_started_says_why(runs: OneOffs) -> None:
    run = OneOff(
        id="comm-1",
        argv=("/no/such/program",),
        working_directory="/",
        variables={},
        timeout_seconds=1,
        output_limit_bytes=1,
    )
    state = ended(runs, run)
    assert state.failure == "it could not be started: /no/such/program: No such file or directory"


@pytest.mark.needs("root")
def test_a_run_is_who_the_folder_belongs_to(runs: OneOffs, public: Path) -> None:
    os.chown(public, 65534, 65534)

    state = ended(runs, a_run("id -u; id -G; umask", folder=str(public)))
    assert state.output.splitlines()[:2] == ["65534", "65534"]


def test_a_full_disk_ends_no_run_and_its_end_is_told_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", megabytes=2) as disk:
        runs = OneOffs(disk / "one-offs")
        body = f"while ! [ -e {tmp_path}/go ]; do sleep 0.02; done; echo hello; echo done > {tmp_path}/done; exit 3"
        run = a_run(body)
        wait_until("it has begun", lambda: runs.have([run]) and "process" in state_written(disk, run))
        fill(disk / "filler")
        (tmp_path / "go").touch()
        wait_until("it has done its work", (tmp_path / "done").exists)
        (disk / "filler").unlink()
        state = ended(runs, run)
        assert (state.code, state.failure) == (3, None)
        runs.end_all()


def state_written(disk: Path, run: OneOff) -> str:
    path = disk / "one-offs" / run.id / "state.json"
    return path.read_text() if path.exists() else ""
