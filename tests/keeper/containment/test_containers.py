"""Whatever a process leaves behind is found and ended, in every kind of host: with cgroups of either version, or none."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keeper.running_keeper import RunningKeeper, running_keeper
from tests.keeper.worlds import WORLDS
from tests.support import proc
from tests.support.allowed import allow
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("root")

DAEMONIZES = """
import os, signal, sys, time
clean = {} if sys.argv[1] == "scrubbed" else os.environ
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid(), flush=True)
        os.execve("/bin/sh", ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], clean)
    os._exit(0)
os.wait()
while True:
    time.sleep(60)
"""
"""Leaves a grandchild in a session of its own that ignores SIGTERM; its parent is gone, and its leader stays."""

HAS_A_STUBBORN_FAMILY = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0 and os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
time.sleep(600)
"""
"""A leader, its child, and a grandchild in a session of its own, whose parent lives; all ignore SIGTERM."""


@pytest.fixture(params=WORLDS)
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningKeeper]:
    with running_keeper(tmp_path / "keeper", WORLDS[request.param]) as running:
        yield running


def stray_of(keeper: RunningKeeper, name: str) -> int:
    """Return the grandchild's pid once it is on its own."""
    pid = int(wait_until("it has a grandchild", lambda: keeper.output(name).strip()))
    wait_until("the grandchild is a shell", lambda: proc.argv(pid)[:1] == ["sh"])
    return pid


def test_a_grandchild_in_its_own_session_ends_with_its_process(keeper: RunningKeeper) -> None:
    keeper.run("a", sys.executable, "-c", DAEMONIZES, "marked")
    stray = stray_of(keeper, "a")
    assert os.getsid(stray) != keeper.running("a")
    keeper.stop("a", timeout_seconds=0.3)
    keeper.gone("a")
    assert not proc.is_alive(stray)


def test_a_grandchild_of_a_leader_that_was_killed_ends_and_its_neighbour_stays(keeper: RunningKeeper) -> None:
    leader = keeper.run("a", sys.executable, "-c", DAEMONIZES, "marked")
    stray = stray_of(keeper, "a")
    neighbour = keeper.run("b", "sleep", "600")
    proc.kill(leader)
    successor = keeper.running("a", other_than=leader)
    keeper.stop("a", force=True)
    keeper.gone("a")
    assert not proc.is_alive(stray)
    assert not proc.is_alive(successor)
    assert proc.is_alive(neighbour)


@pytest.mark.parametrize("force", [False, True])
def test_a_stray_that_is_nobodys_before_its_parent_is_killed_is_killed_too(
    keeper: RunningKeeper, *, force: bool
) -> None:
    keeper.run("a", sys.executable, "-c", HAS_A_STUBBORN_FAMILY)
    stray = int(wait_until("it has a grandchild", lambda: keeper.output("a").strip()))
    keeper.stop("a", timeout_seconds=0.3, force=force)
    keeper.gone("a")
    assert not proc.is_alive(stray)


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_keeper_goes_on_when_it_may_not_signal_a_process(tmp_path: Path, world: tuple[str, ...]) -> None:
    """As of one that has become another user's, as with sudo."""
    with running_keeper(tmp_path / "keeper", (*world, "setpriv", "--bounding-set=-kill")) as keeper:
        allow(keeper.folder, "/", "nobody")
        leader = keeper.run("a", "sleep", "600", user="nobody")
        keeper.stop("a", timeout_seconds=0.1)
        wait_until("its time is up", lambda: "time_up" in [event["event"] for event in keeper.events("a")])
        with contextlib.suppress(ProcessLookupError):  # its cgroup can be killed without asking each one
            proc.kill(leader)
        keeper.gone("a")


def test_a_kill_leaves_nothing_of_a_large_family(keeper: RunningKeeper) -> None:
    family = "import os, time\nfor _ in range(5): os.fork()\ntime.sleep(600)"
    keeper.run("a", sys.executable, "-c", family)
    wait_until("all have been born", lambda: len(keeper.living("a")) == 32)
    keeper.stop("a", force=True)
    keeper.gone("a")


def test_what_descends_from_it_is_still_found_after_a_crash_of_the_keeper(keeper: RunningKeeper) -> None:
    keeper.run("a", sys.executable, "-c", DAEMONIZES, "marked")
    stray = stray_of(keeper, "a")
    keeper.end(signal.SIGKILL)
    keeper.start()
    keeper.stop("a", timeout_seconds=0.3)
    keeper.gone("a")
    assert not proc.is_alive(stray)


def test_use_is_counted_with_all_descendants(keeper: RunningKeeper) -> None:
    busy = (
        "import subprocess; hold = bytearray(30_000_000); subprocess.run(['sh', '-c', 'while :; do :; done'])"
    )
    keeper.run("a", sys.executable, "-c", busy)

    def burns() -> bool:
        seconds, memory, processes = keeper.call("usage")["processes"][keeper.id("a")]
        return bool(seconds > 0.2 and memory > 30_000_000 and processes == 2)

    wait_until("two processes, their memory and their time are seen", burns)


def test_the_use_of_a_group_is_that_of_all_its_processes(keeper: RunningKeeper) -> None:
    for name in "ab":
        keeper.run(
            name,
            sys.executable,
            "-c",
            "import time; time.sleep(0.3); sum(range(10**6)); held = bytearray(30_000_000); time.sleep(600)",
            group="web.1",
        )

    def both() -> bool:
        seconds, memory, processes = keeper.call("usage")["groups"]["web.1"]
        return bool(seconds > 0 and memory > 60_000_000 and processes == 2)

    wait_until("both are counted", both)
