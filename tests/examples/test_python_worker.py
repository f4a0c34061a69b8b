"""The Python example works by itself: every job once, and a stop lets the job in hand finish."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.python_worker import copied_to
from tests.support.waiting import patient, wait_until


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return copied_to(tmp_path)


def push(example: Path, count: int, seconds: float) -> None:
    words = [sys.executable, "push.py", str(count), "--seconds", str(seconds)]
    subprocess.run(words, cwd=example, check=True, capture_output=True, timeout=patient(30))


class Worker:
    """A running `worker.py`, and what it has printed so far."""

    def __init__(self, example: Path, name: str) -> None:
        self._output = example / f"{name}.log"
        environment = {key: value for key, value in os.environ.items() if key != "QUEUE_FILE"}
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "worker.py"], cwd=example, env=environment, stdout=output, stderr=output
            )

    def said(self) -> list[str]:
        return [line.partition(": ")[2] for line in self._output.read_text().splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=patient(30))


def test_two_workers_work_every_job_once_with_one_line_a_job(example: Path) -> None:
    push(example, 20, 0.01)

    workers = [Worker(example, "one"), Worker(example, "two")]

    def done() -> list[str]:
        return [line for worker in workers for line in worker.said() if line.startswith("job ")]

    wait_until("twenty jobs are done", lambda: len(done()) >= 20)
    assert [worker.stop() for worker in workers] == [0, 0]
    assert sorted(done()) == sorted(f"job {n} done: greeting {n} of 20" for n in range(1, 21))


def test_a_worker_that_is_asked_to_stop_finishes_the_job_in_hand_and_takes_no_other(example: Path) -> None:
    push(example, 3, 0.5)
    worker = Worker(example, "one")
    wait_until("the first job is done", lambda: len(worker.said()) == 2)

    assert worker.stop() == 0

    assert worker.said() == [
        "waits for jobs",
        "job 1 done: greeting 1 of 3",
        "job 2 done: greeting 2 of 3",
        "stopped as asked",
    ]
