"""What every contender can do, so that all of them are measured alike."""

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from benchmarks import processes
from benchmarks.records import Record, Records
from benchmarks.setup import Programs


class ContenderError(Exception):
    """A contender did not do what it was asked for; the message says what it wrote."""


class Contender(ABC):
    """Something that keeps children running; use it in a `with` statement, after which nothing of it is left.

    All times are nanoseconds on the clock of `time.monotonic_ns`.
    """

    name: ClassVar[str]
    asked_by: ClassVar[str]
    """How children are asked for, in words."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.programs = programs
        self.records = Records(folder / "records")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        pids = {record.pid for record in self.records.since(0)}
        left = processes.kill_those_that_run(self.programs.child, pids)
        if left and error is None:
            raise ContenderError(f"{self.name} has left {left} children running")

    @abstractmethod
    def prepare(self, count: int) -> None:
        """Get ready to be asked for `count` children: start what supervises, and wait until it answers."""

    @abstractmethod
    def request(self) -> int:
        """Ask for the children, which are kept running from then on; return the moment just before asking."""

    @abstractmethod
    def withdraw(self) -> int:
        """Ask for the end of the children; return the moment just before asking. They may be asked for again."""

    @abstractmethod
    def close(self) -> None:
        """End everything that was started; does nothing when nothing runs."""

    def supervisors(self) -> Mapping[str, Sequence[int]]:
        """Return the pids of the processes that do the supervising, by their name."""
        return {self.name: [self.living()[0].parent]}

    def living(self) -> list[Record]:
        """Return the records of the children that have not ended, in the order of their beginning."""
        return [record for record in self.records.since(0) if processes.runs(self.programs.child, record.pid)]


def end(process: "subprocess.Popen[bytes] | None", *, timeout_seconds: float = 60.0) -> None:
    """Ask a process to end and wait for it, unless it has ended."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(words: Sequence[str], environment: Mapping[str, str], *, timeout_seconds: float = 300.0) -> str:
    """Run a command to its end and return what it printed. Raises ContenderError when it failed."""
    ran = subprocess.run(
        words,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )
    if ran.returncode != 0:
        raise ContenderError(f"`{' '.join(words)}` exited {ran.returncode}: {ran.stdout}{ran.stderr}")
    return ran.stdout


def now() -> int:
    """Return the present moment on the clock that the children use, too."""
    return time.monotonic_ns()
