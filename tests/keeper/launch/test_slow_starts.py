"""Programs whose start hangs, as their owner has leased them: whoever else wants something is answered meanwhile."""

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keeper.running_keeper import RunningKeeper
from tests.support import proc
from tests.support.allowed import allow
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("root")

TENANT = 54321


@pytest.fixture
def program(keeper: RunningKeeper, public: Path) -> Path:
    allow(keeper.folder, public, str(TENANT))
    made = public / "program"
    made.write_text("#!/bin/sh\nexec sleep 600\n")
    made.chmod(0o755)
    os.chown(made, TENANT, TENANT)
    return made


@contextlib.contextmanager
def leased(path: Path) -> Iterator[None]:
    """Have whoever opens the file wait until this is left, or the kernel takes the lease away (45 s)."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield
    finally:
        os.close(descriptor)
        signal.signal(signal.SIGIO, before)


def begin(keeper: RunningKeeper, name: str, program: Path) -> None:
    spec = keeper.spec(name, "./program", working_directory=str(program.parent), user=".")
    keeper.call("start", processes=[spec])


def hanging(keeper: RunningKeeper) -> set[int]:
    """Return the children of the keeper that execute nothing else yet."""
    mine = [pid for pid in proc.everyone() if proc.parent(pid) == keeper.pid]
    return {pid for pid in mine if "engineroom.keeper" in proc.argv(pid)}


def runs(keeper: RunningKeeper, name: str) -> None:
    pid = keeper.running(name)
    wait_until("it executes its program", lambda: proc.argv(pid) == ["sleep", "600"])


def test_a_program_that_hangs_holds_up_nobody_else(keeper: RunningKeeper, program: Path) -> None:
    with leased(program):
        for name in ("a", "b", "c"):
            begin(keeper, name, program)
        wait_until("they hang", lambda: len(hanging(keeper)) == 3)
        keeper.run("other", "sleep", "600")
        assert len(hanging(keeper)) == 3, "they were not waited for"
    for name in ("a", "b", "c"):
        runs(keeper, name)


def test_one_that_hangs_is_stopped_at_once(keeper: RunningKeeper, program: Path) -> None:
    with leased(program):
        begin(keeper, "a", program)
        wait_until("it hangs", lambda: hanging(keeper))
        keeper.call("stop", ids=[keeper.id("a")], timeout_seconds=600)
        wait_until("it is gone", lambda: keeper.id("a") not in keeper.processes())
        assert not hanging(keeper)


def test_one_that_is_killed_while_it_hangs_has_ended(keeper: RunningKeeper, program: Path) -> None:
    with leased(program):
        begin(keeper, "a", program)
        [pid] = wait_until("it hangs", lambda: hanging(keeper))
        proc.kill(pid)
        wait_until("it is told", lambda: keeper.processes()[keeper.id("a")]["last_exit"])
    runs(keeper, "a")


def test_one_that_hangs_is_taken_over_by_the_next_keeper(keeper: RunningKeeper, program: Path) -> None:
    with leased(program):
        begin(keeper, "a", program)
        wait_until("it hangs", lambda: hanging(keeper))
        keeper.end(signal.SIGTERM)
        keeper.start()
    runs(keeper, "a")
    assert len(keeper.living()) == 1
