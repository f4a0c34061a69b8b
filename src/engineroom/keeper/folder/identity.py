"""Whose folder this is: a copy of a keeper's folder is told from the folder itself, whose processes it must not touch.

A folder is known by its device and inode, which a copy cannot have. That alone proves no copy: a folder that was moved to
another disk, or restored from a backup, has others too. So it is one when the folder that it was copied from is still
there, or its keeper still runs.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from engineroom.keeper import log
from engineroom.keeper.processes.process import JsonObject

IDENTITY_NAME = "identity"


class CopiedFolderError(Exception):
    """The folder is a copy of another one that is still in use."""


class _Place(NamedTuple):
    """Where a folder is, and which file its keeper holds locked."""

    folder: str
    device: int
    inode: int
    lock_device: int
    lock_inode: int

    @property
    def is_of(self) -> tuple[int, int]:
        return self.device, self.inode


def identify(folder: Path, lock: int) -> str:
    """Return the name of the keeper of this folder, whose lock we hold. Raises CopiedFolderError.

    It goes into the marks of everything that the keeper starts. A name that was lost comes out the same again.
    """
    here = _here(folder, lock)
    name, known = _read(folder / IDENTITY_NAME)
    if known is not None and known.is_of != here.is_of and _is_in_use(known, here, name):
        raise CopiedFolderError(
            f"{folder.parent} is a copy of {Path(known.folder).parent}, whose processes it would take for its own; "
            f"to keep both, make it a new one with: engineroom separate --data {folder.parent}"
        )
    if known != here:
        name = name or f"{here.device:x}-{here.inode:x}"
        _write(folder / IDENTITY_NAME, name, here)
    return name


def keep(folder: Path, lock: int, name: str) -> None:
    """Write the name down again, of a folder that was removed and made again."""
    _write(folder / IDENTITY_NAME, name, _here(folder, lock))


def _here(folder: Path, lock: int) -> _Place:
    held, found = os.fstat(lock), folder.stat()
    return _Place(str(folder), found.st_dev, found.st_ino, held.st_dev, held.st_ino)


def _is_in_use(known: _Place, here: _Place, name: str) -> bool:
    other = Path(known.folder)
    if known.folder != here.folder and _read(other / IDENTITY_NAME)[0] == name and _is_at(other, known):
        return True
    return _is_locked_by_another(known, name)


def _is_at(folder: Path, known: _Place) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == known.is_of


def _is_locked_by_another(known: _Place, name: str) -> bool:
    """Return whether the lock of the original is held, wherever that has been moved to (proc_locks(5))."""
    device = f"{os.major(known.lock_device):02x}:{os.minor(known.lock_device):02x}"
    file = f"{device}:{known.lock_inode}"
    try:
        lines = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return False
    holders = {words[words.index(file) - 1] for words in lines if file in words}
    return any(_holds(pid, known, name) for pid in holders - {str(os.getpid())})


def _holds(pid: str, known: _Place, name: str) -> bool:
    """Return whether a process holds that very lock, and not another file that was given its inode since.

    The lock of a folder with another name is another one. A file that was removed keeps its inode while it is open.
    """
    process = Path("/proc") / pid
    if not process.exists():
        return True  # in another container, where it cannot be looked at
    with contextlib.suppress(OSError):
        for link in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                found = link.stat()
                if (found.st_dev, found.st_ino) == (known.lock_device, known.lock_inode):
                    return found.st_nlink == 0 or _read(link.readlink().parent / IDENTITY_NAME)[0] == name
    return False


def _read(path: Path) -> tuple[str, _Place | None]:
    try:
        known: JsonObject = json.loads(path.read_bytes())
        return str(known["name"]), _Place(**known["place"])
    except FileNotFoundError:
        return "", None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.write("warning", "identity.unreadable", "Cannot read whose folder this is.", reason=str(error))
        return "", None


def _write(path: Path, name: str, place: _Place) -> None:
    new = path.with_suffix(".new")
    try:
        new.touch(mode=0o600)
        new.write_text(json.dumps({"name": name, "place": place._asdict()}), encoding="ascii")
        new.replace(path)
    except OSError as error:
        log.write("error", "identity.unwritten", "Cannot write down whose folder this is.", reason=str(error))
