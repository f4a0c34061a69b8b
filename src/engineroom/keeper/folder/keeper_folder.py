"""The keeper's place: its folder, the lock that keeps others off it, and the socket that it listens on.

Somebody may remove any of it while the keeper runs: whoever cleans temporary folders, or by mistake. It is made again then.
"""

import fcntl
import os
import socket
import time
from pathlib import Path

from engineroom.keeper import kernel

SOCKET_NAME = "socket"
LOCK_NAME = "lock"

_LOCK_TRIES = 5
_LOCK_PAUSE_SECONDS = 0.02
"""Whoever only looks whether a keeper runs holds the lock for a moment."""


class StartError(Exception):
    """The keeper cannot start, and why."""


class KeeperFolder:
    """A folder that is held. Raises StartError when another keeper has it, OSError when it is bad.

    `inherited_lock` is the folder's lock, held by this very process since before its upgrade.
    """

    def __init__(self, folder: Path, inherited_lock: int | None = None) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if inherited_lock is None:
            _refuse_beside_another(folder)
        self.lock = _lock(folder) if inherited_lock is None else inherited_lock
        self._socket: os.stat_result | None = None

    def listen(self) -> socket.socket:
        """Return the listening socket; through /proc its name stays under the limit of 107 bytes (unix(7))."""
        path = self.folder / SOCKET_NAME
        path.unlink(missing_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        previous = os.umask(0o177)
        try:
            listener.bind(f"/proc/self/fd/{descriptor}/{SOCKET_NAME}")
        finally:
            os.umask(previous)
            os.close(descriptor)
        listener.listen(128)
        self._socket = path.stat()
        return listener

    @property
    def can_be_found(self) -> bool:
        """Whether clients find the socket that it listens on."""
        return self._socket is None or _is(self.folder / SOCKET_NAME, self._socket)

    def hold(self) -> bool:
        """Make the folder and its lock again where they are missing; return whether they were. Raises StartError."""
        if _is(self.folder / LOCK_NAME, os.fstat(self.lock)):
            return False
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = _lock(self.folder)
        os.close(self.lock)
        self.lock = fresh
        return True


def _is(path: Path, expected: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), expected)
    except OSError:
        return False


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
    else:
        holder = os.pread(descriptor, 32, 0).decode().strip()
        os.close(descriptor)
        raise StartError(f"another keeper (pid {holder}) already runs on {folder}")
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def _refuse_beside_another(folder: Path) -> None:
    """Look for a keeper whose lock was removed with its folder; it makes both again. Raises StartError."""
    if (folder / LOCK_NAME).exists():
        return
    for pid in kernel.pids():
        if pid != os.getpid() and _is_keeper_of(pid, folder):
            raise StartError(
                f"another keeper (pid {pid}) runs on {folder}, which was removed; it makes it again within seconds"
            )


def _is_keeper_of(pid: int, folder: Path) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        place = words.index(b"engineroom.keeper") + 1
        # In another mount namespace, as of another start of the service, it may still be the same place.
        theirs = process / "root" / folder.absolute().parent.relative_to("/")
        return words[place] == os.fsencode(folder) and theirs.samefile(folder.parent)
    except (OSError, ValueError, IndexError):
        return False
