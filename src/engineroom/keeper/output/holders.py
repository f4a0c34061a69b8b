"""Who has a file open, as far as the kernel shows it (proc_pid_fd(5))."""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_DELETED = " (deleted)"
_MAX_SECONDS = 0.1
"""A host may have hundreds of thousands of descriptors, and the keeper looks at nothing else meanwhile."""


class Holder(NamedTuple):
    """A process with a file open; its name is what it calls itself (proc_pid_comm(5))."""

    pid: int
    uid: int
    name: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.name}, user {self.uid})"


def find(inodes: Mapping[str, int]) -> list[Holder]:
    """Return who has one of these files open, by their names without a folder, and their inodes.

    A descriptor on its way through a socket is seen in no process, nor is all that it takes too long to look at.
    """
    until = time.monotonic() + _MAX_SECONDS
    found = []
    for pid in _others():
        if time.monotonic() > until:
            break
        with contextlib.suppress(OSError):  # it has ended, or we may not look
            if _holds(pid, inodes):
                found.append(_holder(pid))
    return found


def _others() -> Iterator[int]:
    try:
        names = os.listdir("/proc")  # noqa: PTH208
    except OSError:  # no descriptor is left
        return
    for name in names:
        if name.isdigit() and int(name) != os.getpid():
            yield int(name)


def _holds(pid: int, inodes: Mapping[str, int]) -> bool:
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):  # noqa: PTH208
        with contextlib.suppress(OSError):
            # Only the link is read: a look at the file itself may wait for a filesystem of the tenant's.
            name = os.readlink(f"{folder}/{number}").removesuffix(_DELETED).rpartition("/")[2]  # noqa: PTH115
            if name in inodes and _inode(f"/proc/{pid}/fdinfo/{number}") == inodes[name]:
                return True
    return False


def _holder(pid: int) -> Holder:
    with open(f"/proc/{pid}/comm", "rb") as file:  # noqa: PTH123
        name = file.read().decode(errors="replace").rstrip("\n")
    readable = "".join(each if each.isprintable() else "?" for each in name)
    return Holder(pid, os.stat(f"/proc/{pid}").st_uid, readable)  # noqa: PTH116


def inode(path: str) -> int:
    """Return the inode of a file as `find` compares it: stat(2) may tell another one (overlayfs). Raises OSError."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return _inode(f"/proc/self/fdinfo/{descriptor}")
    finally:
        os.close(descriptor)


def _inode(path: str) -> int:
    with open(path, "rb") as file:  # noqa: PTH123
        for line in file:
            if line.startswith(b"ino:"):
                return int(line.split()[1])
    return 0  # before Linux 5.14 the name alone decides
