"""How much a task may use. What goes beyond is ended, and its tenant is told."""

import resource
from pathlib import Path

import msgspec

OUT_OF_MEMORY = 77
"""The exit code of a process that could not get the memory that it needs."""

_MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`seconds` are of the clock; `memory_bytes` come on top of what the process takes before it begins.

    `processes` is how many its user may have in all when it starts another one, or a thread: 0 for none, None for as many
    as the host allows. `answer_bytes` is the longest answer, and the longest of each message of a service.
    """

    seconds: float = 5.0
    cpu_seconds: int = 2
    memory_bytes: int = 192 * _MIB
    file_bytes: int = 0
    open_files: int = 64
    processes: int | None = 0
    answer_bytes: int = _MIB

    def apply(self) -> None:
        """Hold this process to them, for good (setrlimit(2))."""
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + self.memory_bytes)
        _lower(resource.RLIMIT_CPU, self.cpu_seconds)
        _lower(resource.RLIMIT_FSIZE, self.file_bytes)
        _lower(resource.RLIMIT_NOFILE, self.open_files)
        _lower(resource.RLIMIT_CORE, 0)
        if self.processes is not None:
            _lower(resource.RLIMIT_NPROC, self.processes)


USUAL_LIMITS = Limits()


def _lower(which: int, limit: int) -> None:
    _, hard = resource.getrlimit(which)
    lower = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(which, (lower, lower))
