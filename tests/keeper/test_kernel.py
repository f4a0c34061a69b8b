"""What the kernel tells of processes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper import kernel
from tests.keeper.processes.test_crashes import TELLS_EXITS_OF_STRANGERS
from tests.support import proc
from tests.support.waiting import wait_until


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    environment = {"MARK_OF_THE_TEST": "a b=c", "OTHER": "x"}
    process = subprocess.Popen(["sleep", "600"], start_new_session=True, env={**os.environ, **environment})
    yield process
    process.kill()
    process.wait()


def stranger(*argv: str) -> int:
    """Start a program that is not our child, and return its pid."""
    command = 'setsid "$@" >/dev/null 2>&1 & echo $!'
    printed = subprocess.run(["sh", "-c", command, "sh", *argv], capture_output=True, check=True)
    return int(printed.stdout)


def test_the_boot_has_a_name() -> None:
    assert kernel.boot_id() == kernel.boot_id() != ""


def test_a_process_has_one_start_time_for_life(sleeper: subprocess.Popen[bytes]) -> None:
    ticks = kernel.start_ticks(sleeper.pid)
    assert ticks is not None
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert since_boot - 60 < ticks / os.sysconf("SC_CLK_TCK") <= since_boot
    assert kernel.start_ticks(sleeper.pid) == ticks


def test_a_name_with_blanks_and_brackets_is_no_trouble(tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "600"]) as process:
        try:
            assert kernel.is_our_child(process.pid)
            assert kernel.start_ticks(process.pid)
        finally:
            process.kill()


def test_the_dead_and_the_never_born_have_no_start_time(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    wait_until("it is a zombie", lambda: kernel.start_ticks(sleeper.pid) is None)
    sleeper.wait()
    assert kernel.start_ticks(sleeper.pid) is None
    assert kernel.start_ticks(1 << 22) is None
    assert not kernel.is_our_child(1 << 22)


def test_our_children_are_told_from_others(sleeper: subprocess.Popen[bytes]) -> None:
    assert kernel.is_our_child(sleeper.pid)
    assert not kernel.is_our_child(os.getpid())


def test_a_descriptor_is_given_for_the_very_process_alone(sleeper: subprocess.Popen[bytes]) -> None:
    ticks = kernel.start_ticks(sleeper.pid)
    assert ticks is not None
    assert kernel.open_pidfd(sleeper.pid, ticks + 1) is None
    assert kernel.open_pidfd(1 << 22, ticks) is None
    descriptor = kernel.open_pidfd(sleeper.pid, ticks)
    assert descriptor is not None
    os.close(descriptor)


@pytest.mark.parametrize("expected", [0, 7, -signal.SIGTERM])
def test_the_end_of_a_stranger_is_known(tmp_path: Path, expected: int) -> None:
    go = tmp_path / "go"
    end = f"exit {expected}" if expected >= 0 else "kill -TERM $$"
    pid = stranger("sh", "-c", f"while [ ! -e {go} ]; do sleep 0.01; done; {end}")
    ticks = wait_until("it lives", lambda: kernel.start_ticks(pid))
    assert ticks is not None
    descriptor = kernel.open_pidfd(pid, ticks)
    assert descriptor is not None
    try:
        assert kernel.exit_status(descriptor, pid, ticks) is None
        go.touch()
        wait_until("it is gone", lambda: not proc.is_alive(pid))
        if TELLS_EXITS_OF_STRANGERS:
            wait_until("its end is told", lambda: kernel.exit_status(descriptor, pid, ticks) is not None)
        status = kernel.exit_status(descriptor, pid, ticks)
        assert status is None or os.waitstatus_to_exitcode(status) == expected
    finally:
        os.close(descriptor)


def test_a_group_lives_as_long_as_one_of_it_is_no_zombie(sleeper: subprocess.Popen[bytes]) -> None:
    assert sleeper.pid in kernel.living_groups()
    assert kernel.signal_group(sleeper.pid, 0)
    sleeper.kill()
    wait_until("only a zombie is left", lambda: sleeper.pid not in kernel.living_groups())
    assert kernel.signal_group(sleeper.pid, 0), "signals reach zombies too"
    sleeper.wait()
    assert not kernel.signal_group(sleeper.pid, 0)
