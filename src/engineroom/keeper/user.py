"""Who a program runs as."""

import errno
import os
import pwd
import stat
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from engineroom.keeper.launch_error import LaunchError

OWNER_OF_THE_FOLDER = "."

_KNOWN_SECONDS = 60.0

_MOST_LINKS = 40
"""As many symbolic links as the kernel follows on the way to a file (path_resolution(7))."""


class Identity(NamedTuple):
    """A user by numbers, with the variables that tell a program whose it is."""

    uid: int
    gid: int
    groups: list[int]
    variables: Mapping[str, str]


def find(user: str | None, folder: str) -> Identity:
    """Return who `user` is: a name, a number, the owner of the folder, or for None ourselves.

    An owner is followed by root alone; anybody else can only be himself. Raises LaunchError for a name that nobody has, and
    for a folder of root's to which others lead: they could choose any other one, and have root run what is in it.
    """
    if user is None or (user == OWNER_OF_THE_FOLDER and os.geteuid() != 0):
        return _by_number(os.geteuid(), os.getegid())
    if user == OWNER_OF_THE_FOLDER:
        try:
            owned = os.stat(folder)  # noqa: PTH116
            step = None if owned.st_uid else _step_of_another(folder)
        except (OSError, ValueError) as error:
            raise LaunchError.of(error, folder) from None
        if step is not None:
            advice = "say with `engineroom link --user` who it is"
            raise LaunchError(
                errno.EPERM, f"root by {folder}: {step} leads there, and is not root's ({advice})"
            )
        return _by_number(owned.st_uid, owned.st_gid)
    if user.isdecimal():
        return _by_number(int(user), int(user))
    try:
        return _known.get(user, lambda: _of_entry(pwd.getpwnam(user)))
    except (KeyError, ValueError):
        raise LaunchError(errno.ENOENT, f"user {user}") from None


def become(identity: Identity) -> None:
    """Be that user, for good. Raises LaunchError when we may not; being whom we are already needs no right."""
    if identity.uid == os.geteuid():
        return
    try:
        os.setgroups(identity.groups)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
    except (OSError, OverflowError) as error:
        raise LaunchError.of(error, f"user {identity.uid}") from None


def _step_of_another(folder: str) -> str | None:
    """Return the first step on the way to a folder that somebody else than root can have lead elsewhere."""
    names, at, links = folder.split("/")[::-1], "", 0
    while names:
        name = names.pop()
        if name in ("", "."):
            continue
        if name == "..":
            at = at.rpartition("/")[0]
            continue
        step = f"{at}/{name}"
        found = os.lstat(step)
        if found.st_uid != 0:
            return step
        if not stat.S_ISLNK(found.st_mode):
            # With the sticky bit others may only add to it, and what they add is theirs.
            if names and found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
                return step
            at = step
            continue
        links += 1
        if links > _MOST_LINKS:
            return step
        target = os.readlink(step)  # noqa: PTH115
        at = "" if target.startswith("/") else at
        names += target.split("/")[::-1]
    return None


class _Known:
    """What the host's user database said lately: to ask it takes longer than to start a program."""

    def __init__(self) -> None:
        self._identities: dict[str | tuple[int, int], Identity] = {}
        self._asked_at = -_KNOWN_SECONDS

    def get(self, who: str | tuple[int, int], ask: Callable[[], Identity]) -> Identity:
        now = time.monotonic()
        if now - self._asked_at >= _KNOWN_SECONDS:
            self._identities.clear()
            self._asked_at = now
        if who not in self._identities:
            self._identities[who] = ask()
        return self._identities[who]


_known = _Known()


def _by_number(uid: int, gid: int) -> Identity:
    def ask() -> Identity:
        try:
            return _of_entry(pwd.getpwuid(uid))
        except (KeyError, OverflowError):
            return Identity(uid, gid, [], {"HOME": "/"})

    return _known.get((uid, gid), ask)


def _of_entry(entry: pwd.struct_passwd) -> Identity:
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    variables = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
    return Identity(entry.pw_uid, entry.pw_gid, groups, variables)
