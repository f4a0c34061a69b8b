"""Nobody runs unseen: a keeper whose journal says less than what happened finds who lives, and keeps or ends him."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.keeper.containment.test_birth_marks import OVERWRITES
from tests.keeper.running_keeper import RunningKeeper, running_keeper
from tests.keeper.worlds import WORLDS
from tests.support import proc
from tests.support.small_disk import fill, small_disk
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("root")

SLEEP = ("sleep", "600")
REASON = "its journal knows nothing of it"

DAEMON = (
    """
import os, signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(1, b"%d\\n" % os.getpid())
        os.closerange(0, 100)
        os.open("/dev/null", os.O_RDWR); os.dup(0); os.dup(0)
        os.chdir("/")
        import io, sys
        sys.stdin = open("/dev/null")
"""
    + "".join(f"        {line}\n" for line in OVERWRITES.strip().splitlines()[:4])
    + """
        while True: signal.pause()
    os._exit(0)
os.wait()
signal.pause()
"""
)
"""A leader whose grandchild is a daemon by the book, and has overwritten its environment besides."""


@pytest.fixture(params=WORLDS)
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningKeeper]:
    with running_keeper(tmp_path / "keeper", WORLDS[request.param]) as running:
        yield running


def spoil(keeper: RunningKeeper, change: Callable[[Path], object]) -> None:
    """Have another keeper start with the journal as `change` has left it."""
    keeper.end(signal.SIGKILL)
    change(keeper.folder / "journal")
    keeper.start()


def test_who_lives_when_the_journal_was_lost_is_shown_and_ended(keeper: RunningKeeper) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    keeper.run("a", *SLEEP, group="web.1")
    keeper.run("b", "sh", "-c", stubborn)
    wait_until("it ignores the signal", lambda: keeper.output("b") == b"ready\n")
    spoil(keeper, Path.unlink)
    shown = keeper.processes()[keeper.id("b")]
    assert shown["state"] == "draining"
    assert REASON in shown["stop_reason"]
    keeper.gone("a")
    keeper.stop("b", force=True)
    keeper.gone("b")
    assert REASON in keeper.log() or "keeper.unknown_found" in keeper.log()
    keeper.run("a", *SLEEP)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b'{}\n[]\n7\n{"spec": 1}\n\xff\n{"epoch"', b"{" * 100_000]
)
def test_a_journal_that_is_truncated_or_garbage_is_no_reason_not_to_start(
    keeper: RunningKeeper, content: bytes
) -> None:
    pid = keeper.run("a", *SLEEP)
    spoil(keeper, lambda journal: journal.write_bytes(content))
    keeper.gone("a")
    assert not proc.is_alive(pid)
    keeper.run("b", *SLEEP)


def test_a_spoilt_line_takes_no_other_with_it(keeper: RunningKeeper) -> None:
    keeper.run("a", *SLEEP)
    keeper.call("stop", ids=["marker"], timeout_seconds=0)
    lines_before = len((keeper.folder / "journal").read_bytes().splitlines())
    pid = keeper.run("b", *SLEEP)

    def spoil_a(journal: Path) -> None:
        lines = journal.read_bytes().splitlines(keepends=True)
        lines[1:lines_before] = [b"\0\0{\n"] * (lines_before - 1)
        journal.write_bytes(b"".join(lines))

    spoil(keeper, spoil_a)
    assert keeper.running("b") == pid
    keeper.gone("a")


def test_an_older_journal_takes_over_a_later_life(keeper: RunningKeeper) -> None:
    first = keeper.run("a", *SLEEP)
    older = (keeper.folder / "journal").read_bytes()
    proc.kill(first)
    second = keeper.running("a", other_than=first)
    proc.kill(second)
    third = keeper.running("a", other_than=second)
    unknown = keeper.run("b", *SLEEP)
    spoil(keeper, lambda journal: journal.write_bytes(older))
    assert keeper.running("a") == third
    found = keeper.processes()[keeper.id("a")]
    assert (found["life"], found["restarts"]) == (3, 2)
    keeper.gone("b")
    assert not proc.is_alive(unknown)
    assert keeper.living("a") == [third]
    keeper.stop("a")
    keeper.gone("a")


def test_a_daemon_that_overwrites_its_environment_ends_with_its_leader(keeper: RunningKeeper) -> None:
    leader = keeper.run("a", sys.executable, "-c", DAEMON)
    daemon = int(wait_until("it has a daemon", lambda: keeper.output("a").strip()))
    wait_until("it has no environment", lambda: "ENGINEROOM_PROCESS" not in proc.environment(daemon))
    neighbour = keeper.run("b", *SLEEP)
    proc.kill(leader)
    keeper.running("a", other_than=leader)
    keeper.stop("a", force=True)
    keeper.gone("a")
    assert not proc.is_alive(daemon)
    assert keeper.running("b") == neighbour


def test_a_daemon_that_overwrites_its_environment_is_found_without_a_journal(keeper: RunningKeeper) -> None:
    keeper.run("a", sys.executable, "-c", DAEMON)
    daemon = int(wait_until("it has a daemon", lambda: keeper.output("a").strip()))
    wait_until("it has no environment", lambda: "ENGINEROOM_PROCESS" not in proc.environment(daemon))
    neighbours_of_another = keeper.folder.with_name("another")
    with running_keeper(neighbours_of_another) as another:
        pid = another.run("a", *SLEEP)
        keeper.end(signal.SIGKILL)
        (keeper.folder / "journal").unlink()
        keeper.start()
        for id in keeper.processes():
            keeper.call("stop", ids=[id], timeout_seconds=0, force=True)
        wait_until("nobody is left", lambda: not proc.is_alive(daemon) and not keeper.processes())
        assert another.running("a") == pid


def test_what_cannot_be_written_down_is_not_started_and_starts_by_itself(tmp_path: Path) -> None:
    with small_disk(tmp_path / "keeper", megabytes=2) as disk, running_keeper(disk) as keeper:
        before = keeper.run("before", *SLEEP)
        fill(disk / "filler")
        large = {"more": "than what is kept for events" * 10_000}
        keeper.call("start", processes=[keeper.spec("a", *SLEEP, labels=large)])
        waiting = keeper.wait("a", "waits", lambda process: process["state"] == "backing_off")
        assert waiting["last_exit"]["path"] == str(disk / "journal")
        assert keeper.living("a") == []
        proc.kill(before)
        keeper.running("before", other_than=before)

        keeper.call("start", processes=[keeper.spec("b", *SLEEP, labels=large)])
        keeper.stop("b")
        keeper.gone("b")
        (disk / "filler").unlink()
        keeper.running("a")
        keeper.end(signal.SIGKILL)
        keeper.start()
        keeper.running("a")
        assert keeper.id("b") not in keeper.processes()
