"""What is left to process 1 of a container: to stop everything when it is told to end, and to reap whom nobody else does."""

import asyncio
import contextlib
import os
from pathlib import Path

DRAIN_SECONDS = 60
"""How long processes may take to end, when nothing else was set; the container must be given longer (see the documents)."""

_LOOK_SECONDS = 1.0


def is_first() -> bool:
    """Return whether we are process 1: when that ends, the kernel kills everything else (pid_namespaces(7))."""
    return os.getpid() == 1


async def reap() -> None:
    """Reap orphans until cancelled.

    Our own children are waited for by whoever has started them: so only who is a zombie at two looks is somebody else's.
    """
    before: set[int] = set()
    while True:
        now = _zombies()
        _wait_for(before & now)
        before = now
        await asyncio.sleep(_LOOK_SECONDS)


def _wait_for(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _zombies() -> set[int]:
    """Return our children that have ended and that nobody has waited for."""
    children = set()
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            children |= set((thread / "children").read_text(encoding="ascii").split())
    return {int(pid) for pid in children if _is_zombie(pid)}


def _is_zombie(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"
