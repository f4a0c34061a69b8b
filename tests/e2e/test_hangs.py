"""What hangs is no riddle: a stopped keeper or server is told of in words, within a bounded time, with what to do."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.engineroom_server import ENGINEROOM, EngineroomServer
from tests.support.waiting import patient, wait_until


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def refused(engineroom: EngineroomServer, *words: str) -> str:
    """Run a command that must fail; return what it says."""
    command = [ENGINEROOM, *words, "--data", str(engineroom.data)]
    ran = subprocess.run(
        command, env=engineroom.environment, capture_output=True, text=True, timeout=patient(90), check=False
    )
    assert ran.returncode == 1, ran.stdout
    return ran.stderr


def log_lines(engineroom: EngineroomServer, action: str) -> list[str]:
    return [line for line in engineroom.output().splitlines() if action in line]


def test_a_stopped_keeper_is_alerted_of_and_nobody_waits_for_it_for_ever(
    engineroom: EngineroomServer, code: Path
) -> None:
    linked = engineroom.link(code)
    made = engineroom.api.create(linked.instance, type="custom", command="sleep 1000", processes=2)
    pids = made.wait_until_running(2)
    keeper = engineroom.keeper_pid()
    listed = f"/api/background-processes/{made.id}/processes"

    def stale() -> bool:
        shown = engineroom.api.get(listed)["data"]
        return len(shown) == 2 and all(each["attributes"]["stale_since"] for each in shown)

    def firing() -> list[str]:
        return [each["rule"] for each in engineroom.api.get("/api/alerts")["data"]]

    with stopped(keeper):
        wait_until("what is shown is marked as stale", stale, timeout_seconds=60)
        wait_until("it is alerted of", lambda: "keeper_lost" in firing(), timeout_seconds=60)
        assert f"kill -CONT {keeper}" in engineroom.output()
        assert "engineroom_keeper_reachable 0" in engineroom.api.text("/metrics")
        ready = engineroom.api.ask("GET", "/readyz")
        assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")
        assert f"kill -CONT {keeper}" in ready.json()["message"]
        engineroom.api.ask("POST", f"/api/environments/{linked.environment}/commands", command="true")
        waits = wait_until("it says that it waits", lambda: log_lines(engineroom, "command.waits"))
        assert f"kill -CONT {keeper}" in waits[0]
        engineroom.kill()
        assert f"kill -CONT {keeper}" in refused(engineroom, "serve", "--bind", "127.0.0.1:0")
        assert f"nothing is stopped yet: the keeper (pid {keeper}) does not answer" in refused(
            engineroom, "down"
        )
    engineroom.start()
    assert made.through(engineroom.api).wait_until_running(2) == pids
    assert engineroom.api.ask("GET", "/readyz").status_code == 200


def test_down_says_why_a_stopped_server_does_not_end(tmp_path: Path) -> None:
    with EngineroomServer(tmp_path) as engineroom:
        engineroom.start()
        with stopped(engineroom.pid):
            said = refused(engineroom, "down")
        assert f"the server (pid {engineroom.pid}) does not end: it is stopped by a signal" in said
