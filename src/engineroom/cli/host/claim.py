"""The claim of a server to its data folder: a file that it holds locked, and makes again when somebody removes it."""

import asyncio
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import structlog

from engineroom.cli.errors import CommandError
from engineroom.cli.options import unusable_folder
from engineroom.settings import Settings

_LOOK_SECONDS = 2.0

_log = structlog.get_logger()


class Claim:
    """Held from the beginning. Raises CommandError when another server holds the folder, or it cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = _claimed(settings)

    async def keep(self) -> None:
        """Make the file again whenever it is gone, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._is_in_place():
                self._make_again()

    def release(self) -> None:
        """Let the next server have the folder."""
        os.close(self._lock)

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(self._settings.server_lock.stat(), os.fstat(self._lock))
        except OSError:
            return False

    def _make_again(self) -> None:
        try:
            fresh = _claimed(self._settings)
        except CommandError as error:
            _log.error("Cannot claim the data folder again.", action="claim.lost", reason=str(error))
            return
        os.close(self._lock)
        self._lock = fresh
        _log.warning("Somebody has removed server.lock; it is made again.", action="claim.mended")


def holder(lock: Path) -> int | None:
    """Return the pid of the server that holds the file, also when it was removed; None when none that we may see does.

    What the file says is not it: a server in a container knows itself by another number.
    """
    names = (str(lock), f"{lock} (deleted)")
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid() and _has_open(entry / "fd", names):
            return int(entry.name)
    return None


def _has_open(folder: Path, names: Sequence[str]) -> bool:
    try:
        return any(os.readlink(each) in names for each in folder.iterdir())  # noqa: PTH115 - it may be no path any more
    except OSError:
        return False


def _claimed(settings: Settings) -> int:
    """Return the descriptor of the lock that keeps a second server off the data folder."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(settings.server_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable_folder(settings, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip()
        os.close(descriptor)
        raise CommandError(
            f"cannot serve: another server (pid {holder}) already works on {settings.data}; "
            "stop it, or name another folder with --data"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
