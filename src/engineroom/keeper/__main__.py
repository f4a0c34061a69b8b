"""`python -m engineroom.keeper FOLDER`: supervise this host's processes, with everything to remember in FOLDER."""

import fcntl
import os
import socket
import sys
from pathlib import Path

from engineroom import __version__
from engineroom.keeper import kernel, log
from engineroom.keeper.calls import Calls
from engineroom.keeper.journal import Journal
from engineroom.keeper.loop import Loop
from engineroom.keeper.recovery import recover
from engineroom.keeper.spool import Spool
from engineroom.keeper.supervisor import Supervisor

SOCKET_NAME = "socket"
LOCK_NAME = "lock"


class StartError(Exception):
    """The keeper cannot start, and why."""


def main() -> int:
    """Run the keeper; return its exit status."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m engineroom.keeper FOLDER\n")
        return 2
    try:
        run(Path(sys.argv[1]))
    except (StartError, OSError) as error:
        sys.stderr.write(f"cannot start the keeper: {error}\n")
        return 1
    return 0


def run(folder: Path) -> None:
    """Supervise until told to stop. Raises StartError when another keeper has the folder, OSError when it is bad."""
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _lock(folder)
    kernel.become_subreaper()
    boot = kernel.boot_id()
    journal = Journal(folder / "journal", boot=boot)
    spool = Spool(folder / "spool")
    supervisor = Supervisor(journal, spool)
    recover(journal, supervisor, boot)
    spool.remove_others(set(supervisor.processes))
    listener = _listen(folder)
    os.chdir("/")
    log.write("info", "keeper.started", "The keeper listens.", pid=os.getpid(), folder=str(folder))
    Loop(supervisor, Calls(supervisor, journal, __version__), listener).run()
    log.write("info", "keeper.stopped", "The keeper ends.", processes=len(supervisor.processes))
    os.close(lock)


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip()
        raise StartError(f"another keeper (pid {holder}) already runs on {folder}") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def _listen(folder: Path) -> socket.socket:
    """Return the listening socket; through /proc its name stays under the limit of 107 bytes (unix(7))."""
    (folder / SOCKET_NAME).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    try:
        listener.bind(f"/proc/self/fd/{descriptor}/{SOCKET_NAME}")
    finally:
        os.umask(previous)
        os.close(descriptor)
    listener.listen(128)
    return listener


if __name__ == "__main__":
    sys.exit(main())
