"""`engineroom demo` gives a newcomer something to paste, and leaves nothing behind."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import proc
from tests.support.client import Api, BackgroundProcess
from tests.support.engineroom_server import ENGINEROOM
from tests.support.waiting import patient, wait_until


@dataclass
class Demo:
    """A running `engineroom demo`, and the file that its output goes to."""

    process: subprocess.Popen[bytes]
    output: Path

    def said(self, pattern: str) -> str:
        """Wait until a line matches, and return the group that it names first."""

        def look() -> str:
            found = re.search(pattern, self.output.read_text(), re.MULTILINE)
            assert found or self.process.poll() is None, f"it ended: {self.output.read_text()}"
            return found.group(1) if found else ""

        return wait_until(f"the demo prints {pattern}", look, timeout_seconds=60)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    output = tmp_path / "demo.log"
    words = [ENGINEROOM, "demo", "--data", str(tmp_path / "data"), "--bind", "127.0.0.1:0"]
    with output.open("wb") as file:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    yield Demo(process, output)
    if process.poll() is None:
        process.terminate()
        process.wait(timeout=patient(60))
    print(f"engineroom demo wrote:\n{output.read_text()}")  # noqa: T201 -- pytest shows it for a failed test alone


def test_the_demo_does_some_jobs_and_says_what_to_try_next(demo: Demo) -> None:
    demo.said(r"^(Ctrl-C stops everything\.)$")
    shown = demo.output.read_text()

    for number in range(1, 13):
        assert f"job {number} done: greeting {number} of 12" in shown
    assert "12 of 12 jobs are done. What to try next" in shown
    follow, push = re.findall(r"^(export .*|QUEUE_FILE=.*)$", shown, re.MULTILINE)
    program = re.search(r"^(\S+ logs \S+) -f &$", shown, re.MULTILINE)
    assert program
    pasted = f"{follow}\n{push.replace('100 --seconds 0.5', '3 --seconds 0')}\n{program.group(1)} -n 1000"

    def works() -> bool:
        ran = subprocess.run(
            ["bash", "-c", pasted], capture_output=True, text=True, check=True, timeout=patient(60)
        )
        return "done: greeting 3 of 3" in ran.stdout

    wait_until("what it says gives it work, and shows the log", works)


def test_a_port_that_is_taken_is_said_with_what_to_type(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        words = [ENGINEROOM, "demo", "--data", str(tmp_path / "data"), "--bind", bind]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=patient(60))

    assert ran.returncode == 1
    assert ran.stderr == (
        f"engineroom: cannot listen on {bind}: the port is taken; name another: `make run BIND=127.0.0.1:9000`, "
        "or `engineroom demo --bind 127.0.0.1:9000`\n"
    )


@pytest.mark.needs("curl")
def test_the_demo_prints_a_curl_that_works_as_it_is_and_stops_everything_on_ctrl_c(demo: Demo) -> None:
    curl = demo.said(r"^\s*(curl .*)$")
    address = demo.said(r"(http://127\.0\.0\.1:\d+)")
    token = demo.said(r"Bearer ([^\s\"']+)")

    pasted = subprocess.run(
        ["bash", "-c", curl], capture_output=True, text=True, check=False, timeout=patient(30)
    )

    assert pasted.returncode == 0, pasted.stderr
    found = re.search(r"process-[0-9a-f-]{36}", pasted.stdout)
    assert found, pasted.stdout
    api = Api(address, token)
    listed = api.get(f"/api/background-processes/{found.group()}")["data"]["attributes"]
    pids = BackgroundProcess(api, found.group(), operation="").wait_until_running(listed["processes"])
    api.close()

    demo.process.send_signal(signal.SIGINT)

    assert demo.process.wait(timeout=patient(30)) == 0
    assert [pid for pid in pids if proc.is_alive(pid)] == []
    assert demo_processes(demo) == []


def demo_processes(demo: Demo) -> list[list[str]]:
    """Return whatever still names the demo's data folder on its command line."""
    folder = str(demo.output.with_name("data"))
    return [words for words in map(proc.argv, proc.everyone()) if any(folder in word for word in words)]
