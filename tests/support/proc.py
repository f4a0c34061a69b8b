"""What the kernel knows of processes, read from /proc: the witness that no part of engineroom can influence."""

import os
import signal
import time
from pathlib import Path

from tests.support.waiting import wait_until

_PROC = Path("/proc")
_EXEC_SECONDS = 0.1


def is_alive(pid: int) -> bool:
    """Return whether the process runs; a zombie does not."""
    after_name = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(after_name) and after_name[0] not in {b"Z", b"X"}


def argv(pid: int) -> list[str]:
    """Return the words that the process was started with; none when it is gone."""
    return [word.decode() for word in _read(pid, "cmdline").split(b"\0") if word]


def environment(pid: int) -> dict[str, str]:
    """Return the environment that the process was started with; empty when it is gone.

    For a moment after exec the kernel shows an empty one, which is waited out.
    """
    deadline = time.monotonic() + _EXEC_SECONDS
    while not (text := _read(pid, "environ")) and _has_session(pid) and time.monotonic() < deadline:
        time.sleep(0.001)
    pairs = (pair.decode(errors="replace").partition("=") for pair in text.split(b"\0") if pair)
    return {key: value for key, _, value in pairs}


def _has_session(pid: int) -> bool:
    """Return whether the process is a living one of a user's; the kernel's own threads have no environment ever."""
    words = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(words) and words[0] not in {b"Z", b"X"} and int(words[3]) != 0


def parent(pid: int) -> int:
    """Return the pid of the process's parent; 0 when it is gone."""
    words = _read(pid, "stat").rpartition(b")")[2].split()
    return int(words[1]) if words else 0


def working_directory(pid: int) -> Path:
    """Return the folder that the process is in."""
    return (_PROC / str(pid) / "cwd").readlink()


def ignores(pid: int, number: int) -> bool:
    """Return whether the process ignores the signal; nothing that is gone does."""
    fields = dict(line.split(b":", 1) for line in _read(pid, "status").splitlines())
    return bool(int(fields.get(b"SigIgn", b"0"), 16) & 1 << (number - 1))


def everyone() -> list[int]:
    """Return the pids of all processes of this host, in order."""
    return sorted(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal())


def with_variable(key: str, value: str) -> list[int]:
    """Return the processes that were started with this environment variable, in order of pid."""
    wanted = f"{key}={value}".encode()
    return [pid for pid in everyone() if wanted in _read(pid, "environ").split(b"\0")]


def kill(pid: int) -> None:
    """End the process as `kill -9` does, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    wait_until(f"process {pid} is gone after kill -9", lambda: not is_alive(pid))


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
