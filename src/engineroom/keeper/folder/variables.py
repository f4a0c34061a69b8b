"""The variables of processes, which may be secrets: kept in this host's memory, and never in the keeper's folder.

A copy or a backup of the folder has none of them. They outlive the keeper, but no boot: after one, or where no memory can be
had as files, whoever gave them gives them again.
"""

import contextlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engineroom.keeper import log

_POINTER = "variables-at"
_OWNER = "keeper"
"""A link beside the file to the keeper's folder, so that it can be told whose it was when nobody finds it any more."""
_IN_MEMORY = ("tmpfs", "ramfs")


class Variables:
    """A file of JSON lines `{"id": …, "environment": …}` in a filesystem that is memory; the last line of an id counts.

    It has a folder of its own: where others may write beside it, one of them could stand where it is written anew.
    """

    def __init__(self, folder: Path) -> None:
        self._pointer = folder / _POINTER
        self._failing = False
        self._path = self._known() or self._made()
        if self._path is None:
            message = "There is no memory for variables; after a crash of the keeper, the server must give them again."
            log.write("warning", "variables.unkept", message)

    def read(self) -> dict[str, dict[str, str]]:
        """Return what is kept, by id."""
        found: dict[str, dict[str, str]] = {}
        if self._path is None:
            return found
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    entry = json.loads(line)
                    found[entry["id"]] = dict(entry["environment"])
        return found

    def keep(self, id: str, environment: Mapping[str, str]) -> None:
        """Keep the variables of one process more."""
        if self._path is None:
            return
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "ab") as file:
                file.write(_line(id, environment))
        except OSError as error:
            self._report(error)

    @property
    def is_in_place(self) -> bool:
        """Whether the next keeper finds the file."""
        return self._path is not None and self._pointed() == self._path

    def heal(self, living: Mapping[str, Mapping[str, str]]) -> bool:
        """Keep those of these processes anew where the file was removed, there was none, or it could not be written.

        Return whether it was not there and is again.
        """
        was_there = self.is_in_place
        if was_there and not self._failing:
            return False
        self._path = self._known() or self._made()
        self.rewrite(living)
        return not was_there and self.is_in_place

    def rewrite(self, living: Mapping[str, Mapping[str, str]]) -> None:
        """Keep those of these processes, and no others."""
        if self._path is None:
            return
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(_line(id, environment) for id, environment in living.items())
            beside.replace(self._path)
            self._failing = False
        except OSError as error:
            self._report(error)
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def remove(self) -> None:
        """Keep nothing any more."""
        for path in (self._path, self._pointer):
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
        if self._path is not None:
            with contextlib.suppress(OSError):
                (self._path.parent / _OWNER).unlink(missing_ok=True)
                self._path.parent.rmdir()

    def _known(self) -> Path | None:
        """Return the file that an earlier keeper has made; None when it is gone, not ours alone, or not in memory."""
        path = self._pointed()
        if path is None or not _is_memory(path.parent):
            return None
        with contextlib.suppress(OSError):
            self._own(path.parent)
        return path

    def _pointed(self) -> Path | None:
        try:
            path = Path(self._pointer.read_text(encoding="utf-8"))
            facts, around = path.lstat(), path.parent.lstat()
        except (OSError, ValueError):
            return None
        ours = stat.S_ISREG(facts.st_mode) and stat.S_ISDIR(around.st_mode)
        ours = ours and _is_ours_alone(facts) and _is_ours_alone(around)
        return path if ours else None

    def _made(self) -> Path | None:
        # Before the one that anybody may fill, those that only we, or root, write to.
        for parent in filter(None, (os.environ.get("XDG_RUNTIME_DIR"), "/run", "/dev/shm")):  # noqa: S108
            with contextlib.suppress(OSError):
                if _is_memory(Path(parent)) and (path := self._made_in(parent)):
                    return path
        return None

    def _made_in(self, parent: str) -> Path | None:
        around = Path(tempfile.mkdtemp(prefix="engineroom-variables-", dir=parent))
        path = around / "variables"
        beside = self._pointer.with_suffix(".new")
        try:
            path.touch(mode=0o600)
            self._own(around)
            beside.touch(mode=0o600)
            beside.write_text(str(path), encoding="utf-8")
            beside.replace(self._pointer)
        except OSError:
            # Nobody would find it, and it would be there until the next boot.
            shutil.rmtree(around, ignore_errors=True)
            return None
        return path

    def _own(self, around: Path) -> None:
        """Say beside the file whose it is; the folder may have been moved, or the file be an earlier version's."""
        owner, folder = around / _OWNER, os.path.abspath(self._pointer.parent)  # noqa: PTH100 - links stay
        if not owner.is_symlink() or os.readlink(owner) != folder:  # noqa: PTH115
            owner.unlink(missing_ok=True)
            owner.symlink_to(folder)

    def _report(self, error: OSError) -> None:
        if self._failing:
            return
        self._failing = True
        message = "The variables of a process cannot be kept; after a crash of the keeper, the server must give them again."
        log.write("error", "variables.unkept", message, path=str(self._path), reason=str(error))


def _line(id: str, environment: Mapping[str, str]) -> bytes:
    return json.dumps({"id": id, "environment": environment}, separators=(",", ":")).encode() + b"\n"


def _is_ours_alone(facts: os.stat_result) -> bool:
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o077


def _is_memory(folder: Path) -> bool:
    """Return whether what is in a folder is in memory alone (proc_pid_mountinfo(5))."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split()
        if fields[2] == wanted:
            return fields[fields.index("-") + 1] in _IN_MEMORY
    return False
