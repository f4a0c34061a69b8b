"""The server as process 1 of a container: it lets jobs end when it is stopped, and reaps who is left to it."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import proc
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs("root")

CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL")

WORKER = """
import os, signal, sys, time
def finish(*_):
    os.write(1, b"asked to stop\\n")
    time.sleep(0.5)
    open("finished", "w").close()
    sys.exit()
signal.signal(signal.SIGTERM, finish)
open("began", "w").close()
while True: time.sleep(60)
"""


@pytest.fixture
def container(tmp_path: Path) -> Iterator[EngineroomServer]:
    with EngineroomServer(tmp_path, within=CONTAINER) as server:
        server.start()
        yield server


def first_process(container: EngineroomServer) -> int:
    (pid,) = [pid for pid in proc.everyone() if proc.parent(pid) == container.pid]
    return pid


def test_a_stop_of_the_container_lets_jobs_end(container: EngineroomServer, code: Path) -> None:
    container.run_script(code, "worker", WORKER)
    wait_until("it works", (code / "began").exists)
    first = first_process(container)
    os.kill(first, signal.SIGTERM)
    wait_until("the container has ended", lambda: not proc.is_alive(first), timeout_seconds=60)
    assert (code / "finished").exists()


def test_who_is_left_by_a_keeper_that_was_killed_is_reaped(container: EngineroomServer, code: Path) -> None:
    made = container.api.create(
        container.link(code).instance, type="custom", command="sleep 1000", processes=1
    )
    made.wait_until_running(1)
    (worker,) = [pid for pid in container.everything() if proc.argv(pid) == ["sleep", "1000"]]
    proc.kill(container.keeper_pid())
    wait_until("it is adopted", lambda: proc.parent(worker) == first_process(container))
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, signal.SIGKILL)
    wait_until("not even a zombie is left", lambda: not Path(f"/proc/{worker}").exists(), timeout_seconds=60)
