"""How a process ended, and the reason in words."""

import errno
import os
import signal
from dataclasses import dataclass
from datetime import datetime

YOUNG_SECONDS = 10.0
"""A process that lived shorter than this died young; only then is its restart delayed."""

CRASH_LOOPING_FROM = 3
"""From this many young deaths in a row on, a process is shown as crash looping."""

WORKER_MEMORY_EXIT_CODE = 12
"""What `queue:work` exits with above its `--memory` limit (framework source, versions 8 to 13)."""

EXPECTED_OF_WORKERS = (0, WORKER_MEMORY_EXIT_CODE)
"""With these a queue worker has done its part: after so many jobs or so long, when asked to restart, or at its limit."""

EXPECTED_OF_OTHERS = (0,)

TIGHT_LOOP_FROM = 10
"""From this many lives in a row on that were over at once, a process is shown to be in a tight loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """One end of one life: exactly one of `code`, `signal` and `error_number` is set, or none when it is unknown.

    `error_number` and `path` say why a process could not be started at all. `asked` is true when engineroom had asked the
    process to stop, and `out_of_memory` when the kernel killed it, or a child that it died with, because its replica's
    memory was used up. `expected` is true when it ended with a code that is no failure of this process. `at` is when the end
    was noticed, in UTC. `memory_bytes` is the most that it had used of `memory_limit_bytes`, when that is why it was killed;
    `size` is that of its instance.
    """

    at: datetime
    lived_seconds: float
    code: int | None = None
    signal: int | None = None
    error_number: int | None = None
    path: str | None = None
    asked: bool = False
    out_of_memory: bool = False
    expected: bool = False
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    size: str | None = None


def describe(ended: Exit, *, worker_timeout_seconds: int | None = None) -> str:
    """Return why the process ended, in words; `worker_timeout_seconds` is a worker's own `--timeout`, when it has one."""
    if ended.error_number is not None:
        return f"could not be started: {_start_failure(ended.error_number, ended.path or '')}"
    if ended.out_of_memory and not ended.asked:
        return _out_of_memory(ended)
    if ended.code is None and ended.signal is None:
        return "unknown: it died while the keeper was away"
    if ended.asked:
        return _asked(ended)
    if ended.signal is not None:
        return _killed(ended.signal, ended.lived_seconds, worker_timeout_seconds)
    return _exited(ended.code or 0, ended.lived_seconds, expected=ended.expected)


def _out_of_memory(ended: Exit) -> str:
    if ended.memory_limit_bytes is None:
        return "out of memory: killed by the kernel, because its replica had used up the memory of its size"
    used = "" if ended.memory_bytes is None else f", when it had used {_mebibytes(ended.memory_bytes)}"
    of_size = f" by its size {ended.size}" if ended.size else ""
    return (
        f"out of memory: killed by the kernel{used}, as all processes of its replica may use "
        f"{_mebibytes(ended.memory_limit_bytes)} together{of_size}; give its instance a larger size, or run fewer of them"
    )


def _mebibytes(size: int) -> str:
    return f"{size / 1024**2:.0f} MiB"


def _asked(ended: Exit) -> str:
    if ended.signal == signal.SIGKILL:
        return "asked to stop, and killed when its time was up"
    return "asked to stop"


def _killed(number: int, lived_seconds: float, worker_timeout_seconds: int | None) -> str:
    name = signal_name(number)
    if number == signal.SIGKILL and worker_timeout_seconds and lived_seconds >= worker_timeout_seconds:
        return f"killed by its own timeout of {worker_timeout_seconds} s"
    return f"killed by signal {number} ({name})" if name else f"killed by signal {number}"


def _exited(code: int, lived_seconds: float, *, expected: bool) -> str:
    if code == 0:
        return "finished (exit 0)"
    if code == WORKER_MEMORY_EXIT_CODE:
        return "memory limit of the worker (exit 12)"
    if expected:
        return f"finished (exit {code}, which is expected of it)"
    if lived_seconds < YOUNG_SECONDS:
        return f"failed at start (exit {code})"
    return f"failed (exit {code})"


def _start_failure(number: int, path: str) -> str:
    match number:
        case errno.EPERM:
            return path  # in whole sentences
        case errno.ENOENT:
            return f"{path} was not found"
        case errno.EACCES:
            return f"{path} is not executable, or may not be entered"
        case errno.ENOTDIR:
            return f"{path} is not a folder"
        case errno.ENOEXEC:
            return f"{path} is neither a program nor a script with a #! line"
        case _:
            return f"{path}: {os.strerror(number)}"


def signal_name(number: int) -> str | None:
    """Return the name of a signal, such as `SIGTERM`; None for a number without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return None
