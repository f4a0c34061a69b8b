"""Where on this host the cgroups of our tasks are: made, held by a lock, and swept when whoever made them is gone."""

import contextlib
import fcntl
import os
import secrets
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from engineroom.keeper.cgroups import hierarchies
from engineroom.keeper.cgroups.cgroups import write
from engineroom.keeper.cgroups.hierarchies import UNIFIED, Hierarchy
from engineroom.keeper.cgroups.setup import ADVICE, KEEPER_CELL, is_delegated, words_in
from engineroom.sandbox.task_cgroup import TaskCgroup

PREFIX = "engineroom-tasks-"
MEMORY, PROCESSES = "memory", "processes"
_CONTROLLERS = {MEMORY: "memory", PROCESSES: "pids"}
_TRIES = 5


class BaseFolders(NamedTuple):
    """Our folder in each tree of cgroups that is needed. `limits` has those that limit, which are of this version."""

    version: int
    folders: tuple[str, ...]
    limits: dict[str, str]


class Base:
    """A cgroup for the tasks of one fork server. Its lock ends with that, also when it is killed."""

    def __init__(self) -> None:
        """Make one. Raises OSError where none can be made."""
        for _ in range(_TRIES):
            self.trees = _made(hierarchies.find(), PREFIX + secrets.token_hex(4))
            with contextlib.suppress(OSError):  # it was swept before it was locked
                self._locks = _locked(self.trees.folders)
                return
        raise OSError("what is made is removed at once")

    @property
    def limits_processes(self) -> bool:
        """Whether there can only be so many processes in a cgroup in it."""
        return PROCESSES in self.trees.limits

    def unlimited(self) -> dict[str, str]:
        """Return why memory and processes cannot be limited, where they cannot."""
        reason = f"the cgroup v{self.trees.version} controller is not there; {ADVICE}"
        return {what: reason for what in _CONTROLLERS if what not in self.trees.limits}

    def task(self, name: str) -> TaskCgroup:
        """Return the cgroup of this name in it, which is not made yet."""
        memory = self.trees.limits.get(MEMORY)
        folders = tuple(f"{folder}/{name}" for folder in self.trees.folders)
        return TaskCgroup(folders, memory and f"{memory}/{name}", self.trees.version)

    def close(self) -> None:
        """Remove it, with all that is in it."""
        TaskCgroup(self.trees.folders).end_soon()
        _unlock(self._locks)


def sweep() -> None:
    """Kill what is in the cgroups of fork servers that are gone, and remove them."""
    for folders in _of_all().values():
        with contextlib.suppress(OSError):  # it is in use, or another user's
            locks = _locked(folders)
            TaskCgroup(tuple(folders)).end_soon()
            _unlock(locks)


def unlimited() -> dict[str, str]:
    """Return why tasks on this host cannot be limited, by what cannot be: memory or processes."""
    try:
        base = Base()
    except OSError as error:
        return dict.fromkeys(_CONTROLLERS, f"cannot use cgroups: {error}; {ADVICE}")
    try:
        return base.unlimited()
    finally:
        base.close()


def _locked(folders: Iterable[str]) -> list[int]:
    """Lock cgroups that are there; return the locks. Raises OSError."""
    locks: list[int] = []
    try:
        for folder in folders:
            locks.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            fcntl.flock(locks[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.stat(folder)  # noqa: PTH116 - it may have been removed before it was locked
    except OSError:
        _unlock(locks)
        raise
    return locks


def _unlock(locks: Iterable[int]) -> None:
    for lock in locks:
        os.close(lock)


def _of_all() -> dict[str, list[str]]:
    """Return the folders of the bases that there are by their names, wherever whoever made them was started."""
    wanted = (UNIFIED, *_CONTROLLERS.values())
    found: defaultdict[str, list[str]] = defaultdict(list)
    for mount in {each.mount for name, each in hierarchies.find().items() if name in wanted}:
        for folder, inner, _ in os.walk(mount):
            for name in inner:
                if name.startswith(PREFIX):
                    found[name].append(f"{folder}/{name}")
            # There are none in what the keeper has made, which may be much.
            inner[:] = [name for name in inner if not name.startswith("engineroom-")]
    return found


def _made(found: dict[str, Hierarchy], name: str) -> BaseFolders:
    unified = found.get(UNIFIED)
    if unified is not None and "memory" in words_in(f"{unified.mount}/cgroup.controllers"):
        return _second_version(unified, name)
    return _first_version(found, name)


def _second_version(unified: Hierarchy, name: str) -> BaseFolders:
    """Make it below the cgroup that was left to us, or else at the top."""
    ours = _apart_from_the_keeper(unified.own)
    parent = ours if os.geteuid() != 0 or is_delegated(ours) else unified.mount
    base = _folder(parent, name)
    for giver in (parent, base):
        for controller in _CONTROLLERS.values():
            with contextlib.suppress(OSError):  # it is found missing below
                write(f"{giver}/cgroup.subtree_control", f"+{controller}")
    given = words_in(f"{base}/cgroup.subtree_control")
    return BaseFolders(
        2, (base,), {what: base for what, controller in _CONTROLLERS.items() if controller in given}
    )


def _apart_from_the_keeper(own: str) -> str:
    """Return the cgroup that we were started in: the keeper moves whoever is there into a cell of its own."""
    return os.path.dirname(os.path.dirname(own)) if own.endswith(f"/{KEEPER_CELL}") else own  # noqa: PTH120


def _first_version(found: dict[str, Hierarchy], name: str) -> BaseFolders:
    """Make it below our own cgroup in the trees that limit, and in the one of version 2, which kills, if it is there."""
    limits: dict[str, str] = {}
    refusal = OSError("no hierarchy with limits is mounted")
    for what, controller in _CONTROLLERS.items():
        if controller in found:
            try:
                limits[what] = _folder(found[controller].own, name)
            except OSError as error:
                refusal = error
    if not limits:
        raise refusal
    folders = [*limits.values()]
    if UNIFIED in found:
        with contextlib.suppress(OSError):
            folders.append(_folder(found[UNIFIED].own, name))
    return BaseFolders(1, tuple(dict.fromkeys(folders)), limits)


def _folder(parent: str, name: str) -> str:
    """Make a cgroup that nobody else may open, and so lock; of two controllers that have one tree, once."""
    folder = f"{parent}/{name}"
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)  # noqa: PTH102
    return folder
