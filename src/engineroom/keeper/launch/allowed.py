"""What may run in which folder, and as who: decided on the host by who administers it, and by no request.

The list is a file of the keeper's folder. A folder in it stands for all that is inside.
"""

import errno
import json
import os
import stat
from pathlib import Path
from typing import NamedTuple

from engineroom.keeper.launch import user
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.launch.user import OWNER_OF_THE_FOLDER, Identity

FILE_NAME = "allowed.json"

_ROOT = 0


class Pin(NamedTuple):
    """A folder that this user may run things in, for as long as it belongs to one of these owners."""

    path: str
    uid: int
    gid: int
    owners: frozenset[int]


class WorkingFolder(NamedTuple):
    """A folder to run something in, who runs it, and to whom it must belong when it is entered."""

    path: str
    identity: Identity
    owners: frozenset[int]

    @property
    def trusted(self) -> frozenset[int]:
        """Those who may decide where the way to it leads."""
        return self.owners | {_ROOT, os.geteuid(), self.identity.uid}


class AllowList:
    """The list in the keeper's folder, read again when it has changed."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._read_of: tuple[int, int, int] | None = None
        self._pins: list[Pin] = []

    def place(self, who: str | None, path: str) -> WorkingFolder:
        """Return where to run something as `who` (see `Spec.user`). Raises LaunchError for what was not allowed."""
        covering = [pin for pin in self._known(path) if _covers(pin.path, path)]
        if who == OWNER_OF_THE_FOLDER:
            nearest = [pin for pin in covering if len(pin.path) == max(len(each.path) for each in covering)]
            if len({pin.uid for pin in nearest}) > 1:
                raise _refusal(f"{path}: it is allowed to several users; say with --user which one runs it")
            identity = user.by_number(nearest[0].uid, nearest[0].gid) if nearest else None
        else:
            identity = user.find(who)
            nearest = [pin for pin in covering if pin.uid == identity.uid]
        if identity is None or not nearest:
            raise _refusal(
                f"{path}, as {'its owner' if identity is None else _name(identity)}: that is not allowed on this host; "
                f"run `engineroom folder allow {path}` there, or link the folder again"
            )
        if os.geteuid() not in (_ROOT, identity.uid):
            raise _refusal(
                f"{path}, as {_name(identity)}: only root's engineroom can run things as another user"
            )
        return WorkingFolder(path, identity, frozenset[int]().union(*(pin.owners for pin in nearest)))

    def _known(self, path: str) -> list[Pin]:
        """Return the list as it is now. Raises LaunchError when it cannot be read, or others than we could write it."""
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _refusal(f"{path}: {self._file} cannot be read: {error.strerror}") from None
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if not _is_ours(facts):
                raise _refusal(
                    f"{path}: others could write {self._file}; make it the keeper's, with mode 600"
                )
            version = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
            if version != self._read_of:
                try:
                    self._pins = [_pin(each) for each in json.load(file)["folders"]]
                except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
                    raise _refusal(f"{path}: {self._file} is not what it should be: {error!r}") from None
                self._read_of = version
        return self._pins


def _is_ours(facts: os.stat_result) -> bool:
    return stat.S_ISREG(facts.st_mode) and facts.st_uid in (_ROOT, os.geteuid()) and not facts.st_mode & 0o022


def _pin(data: dict[str, object]) -> Pin:
    path, uid, gid, owners = (data[name] for name in ("path", "uid", "gid", "owners"))
    if not (
        isinstance(path, str) and isinstance(uid, int) and isinstance(gid, int) and isinstance(owners, list)
    ):
        raise TypeError(f"{data} is no allowed folder")
    return Pin(path, uid, gid, frozenset(int(owner) for owner in owners))


def _covers(allowed: str, path: str) -> bool:
    """Return whether a path is that of the allowed folder, or of one inside, by its name alone: links are for `way`."""
    if not path.startswith("/") or ".." in path.split("/"):
        return False
    return path == allowed or path.startswith(f"{allowed.rstrip('/')}/")


def _name(identity: Identity) -> str:
    return identity.variables.get("USER") or f"user {identity.uid}"


def _refusal(text: str) -> LaunchError:
    return LaunchError(errno.EPERM, text)
