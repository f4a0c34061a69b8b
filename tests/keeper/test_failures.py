"""A system call that fails concerns what it was for: the keeper goes on, and so does everybody else."""

import contextlib
import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.keeper.running_keeper import RunningKeeper
from tests.support.waiting import wait_until

PRINTS = ("sh", "-c", "while sleep 0.05; do echo hello; done")


@contextmanager
def marks_that_cannot_be_opened(keeper: RunningKeeper) -> Iterator[None]:
    """As on a disk that has a fault there: no privilege of root's helps."""
    path = keeper.folder / "marks" / f"{keeper.id('one')}.stdout"
    path.unlink(missing_ok=True)
    path.mkdir()
    yield
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def output_that_cannot_be_opened(keeper: RunningKeeper) -> Iterator[None]:
    path = keeper.folder / "spool" / f"{keeper.id('one')}.stdout"
    path.unlink(missing_ok=True)
    path.mkdir()
    yield
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def no_folder_of_marks(keeper: RunningKeeper) -> Iterator[None]:
    path = keeper.folder / "marks"
    shutil.rmtree(path)
    path.touch()
    yield
    path.unlink()


@contextmanager
def no_descriptors(keeper: RunningKeeper) -> Iterator[None]:
    before = resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{keeper.pid}/fd").iterdir()))
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, (used, before[1]))
    yield
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, before)


Fault = Callable[[RunningKeeper], AbstractContextManager[None]]

FAULTS: list[Fault] = [
    marks_that_cannot_be_opened,
    output_that_cannot_be_opened,
    no_folder_of_marks,
    no_descriptors,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("prints_before", [True, False])
def test_a_fault_of_one_file_ends_neither_the_keeper_nor_the_life_of_others(
    keeper: RunningKeeper, fault: Fault, *, prints_before: bool
) -> None:
    other = keeper.run("other", "sleep", "1000")
    if prints_before:
        one = keeper.run("one", *PRINTS)
        wait_until("it prints", lambda: keeper.output("one"))
    with keeper.client() as client:
        client.call("watch_output", kept_bytes=1 << 16)
        with fault(keeper):
            if prints_before:
                os.kill(one, signal.SIGKILL)
            os.kill(other, signal.SIGKILL)
            client.call("start", processes=[keeper.spec("one", *PRINTS)])
            client.call("acknowledge_output", upto={f"{keeper.id('one')}.stdout": 1})
            client.ask("usage")
            for _ in range(20):
                assert client.call("hello")["pid"] == keeper.pid
            client.call("stop", ids=[keeper.id("one")], timeout_seconds=0.1)
    keeper.running("other", other_than=other)
    keeper.gone("one")
    assert keeper.call("hello")["pid"] == keeper.pid


FAILING = """
import errno, os, select, sys
from engineroom.keeper import __main__ as keeper
from engineroom.keeper.output.poller import OutputPoller

def fail(*_):
    raise OSError(errno.EIO, os.strerror(errno.EIO))

FAULT
sys.exit(keeper.main())
"""


def failing(tmp_path: Path, fault: str) -> RunningKeeper:
    """Return a keeper in which something fails that nobody has thought of."""
    return RunningKeeper(tmp_path / "keeper", program=("-c", FAILING.replace("FAULT", fault)))


def test_what_nobody_has_thought_of_does_not_end_the_loop(tmp_path: Path) -> None:
    keeper = failing(tmp_path, "OutputPoller.turn = fail")
    try:
        keeper.start()
        pid = keeper.run("one", "sleep", "1000")
        os.kill(pid, signal.SIGKILL)
        keeper.running("one", other_than=pid)
        keeper.stop("one")
        keeper.gone("one")
        (told,) = [line for line in keeper.log().splitlines() if "keeper.failed" in line]
        assert "Input/output error" in told
    finally:
        keeper.clean_up()


def test_a_loop_that_cannot_go_on_says_so_and_what_becomes_of_what_runs(tmp_path: Path) -> None:
    fault = """
class Epoll:
    def __init__(self):
        self.real, self.left = select_epoll(), 50
    def __getattr__(self, name):
        return getattr(self.real, name)
    def poll(self, seconds):
        self.left -= 1
        return self.real.poll(seconds) if self.left else fail()
select_epoll, select.epoll = select.epoll, Epoll
"""
    keeper = failing(tmp_path, fault)
    keeper.start()
    with keeper.client() as client, contextlib.suppress(EOFError, ConnectionError):
        for _ in range(100):
            client.call("hello")
    assert keeper.wait_for_end() == 3
    last = keeper.log().splitlines()[-1]
    assert last.startswith("the keeper cannot go on; what it runs goes on running")
    assert last.endswith("Input/output error")
