"""What the kernel says of processes: whether they are gone, and the memory they take."""

import os
import select
import signal
import threading
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_CPU_TIMES = slice(11, 13)
"""Of the fields of /proc/PID/stat behind the name (proc_pid_stat(5))."""
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes (of 1,000,000 bytes); `shared_fairly` is PSS, in which a page shared by n processes counts 1/n."""

    resident: float
    shared_fairly: float


def memory(pids: Iterable[int]) -> Memory:
    """Return what these processes take together."""
    rollups = [_rollup(pid) for pid in pids]
    return Memory(
        sum(rollup["Rss"] for rollup in rollups) / 1e6,
        sum(rollup["Pss"] for rollup in rollups) / 1e6,
    )


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that these processes have had, in user and in system mode, without that of their children."""
    return sum(sum(map(int, _stat(pid)[_CPU_TIMES])) for pid in pids) / _TICKS_A_SECOND


def children(pid: int) -> list[int]:
    """Return the children of the first thread of a process."""
    return [int(child) for child in (_PROC / f"{pid}/task/{pid}/children").read_text().split()]


class NotGoneError(Exception):
    """Processes that were asked to end are still there."""


class Departure:
    """Watches for the end of processes; made before they are asked to end, so that no pid is mistaken for another."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._poll = select.poll()
        self._descriptors: set[int] = set()
        for pid in pids:
            with suppress(ProcessLookupError):
                self._add(os.pidfd_open(pid))
        self._last_end = time.monotonic_ns()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def wait(self, *, timeout_seconds: float = 60.0) -> int:
        """Wait until all have ended, and return when the last one did, on the clock of `time.monotonic_ns`."""
        self._watcher.join(timeout_seconds)
        if self._watcher.is_alive():
            raise NotGoneError(f"after {timeout_seconds:g} s {len(self._descriptors)} processes still run")
        return self._last_end

    def _watch(self) -> None:
        while self._descriptors:
            for descriptor, _ in self._poll.poll():
                self._remove(descriptor)
            self._last_end = time.monotonic_ns()

    def _add(self, descriptor: int) -> None:
        self._poll.register(descriptor, select.POLLIN)
        self._descriptors.add(descriptor)

    def _remove(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._descriptors.discard(descriptor)
        os.close(descriptor)


def runs(program: Path, pid: int) -> bool:
    """Return whether the process lives and runs `program`."""
    try:
        return (_PROC / str(pid) / "exe").readlink() == program
    except OSError:
        return False


def kill_those_that_run(program: Path, pids: Collection[int]) -> int:
    """Kill those of `pids` that (still) run `program`, and return how many there were."""
    killed = 0
    for pid in pids:
        if runs(program, pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def _stat(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _rollup(pid: int) -> dict[str, int]:
    """Return the figures of /proc/PID/smaps_rollup in bytes (proc_pid_smaps_rollup(5))."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in (line.split() for line in lines)}
