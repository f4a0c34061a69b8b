"""How much a task may use. What goes beyond is ended, and its tenant is told."""

import contextlib
import os
import resource
from pathlib import Path

import msgspec

OUT_OF_MEMORY = 77
"""The exit code of a process that could not get the memory that it needs."""

_MIB = 1024 * 1024


class TaskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """`seconds` are of the clock; `memory_bytes` come on top of what the process takes before it begins.

    `processes` is how many others it may start, threads included; where cgroups limit that, all of them have `memory_bytes`
    together. `answer_bytes` is the longest answer, and the longest of each message of a service.
    """

    seconds: float = 5.0
    cpu_seconds: int = 2
    memory_bytes: int = 192 * _MIB
    file_bytes: int = 0
    open_files: int = 64
    processes: int = 0
    answer_bytes: int = _MIB

    def apply(self, *, bounded: bool) -> None:
        """Hold this process to them, for good (setrlimit(2)); `bounded` says that a cgroup limits the processes."""
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + self.memory_bytes)
        _lower(resource.RLIMIT_CPU, self.cpu_seconds)
        _lower(resource.RLIMIT_FSIZE, self.file_bytes)
        _lower(resource.RLIMIT_NOFILE, self.open_files)
        _lower(resource.RLIMIT_CORE, 0)
        if not self.processes:
            _lower(resource.RLIMIT_NPROC, 0)
        elif not bounded:
            _lower(resource.RLIMIT_NPROC, _threads_of(os.getuid()) + self.processes)


USUAL_LIMITS = TaskLimits()


def _lower(which: int, limit: int) -> None:
    _, hard = resource.getrlimit(which)
    lower = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(which, (lower, lower))


def _threads_of(uid: int) -> int:
    """Return how many threads a user has now: the kernel counts his others against the limit, too."""
    found = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # it has ended
            fields = dict(
                line.split(":\t", 1)
                for line in status.read_text(errors="replace").splitlines()
                if ":\t" in line
            )
            if fields["Uid"].split()[0] == str(uid):
                found += int(fields.get("Threads", 1))
    return found
