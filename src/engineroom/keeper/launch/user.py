"""Who a program runs as."""

import errno
import os
import pwd
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from engineroom.keeper.launch.launch_error import LaunchError

OWNER_OF_THE_FOLDER = "."
"""In a spec: the user whom its folder is allowed to."""

_KNOWN_SECONDS = 60.0


class Identity(NamedTuple):
    """A user by numbers, with the variables that tell a program whose it is."""

    uid: int
    gid: int
    groups: list[int]
    variables: Mapping[str, str]


def find(user: str | None) -> Identity:
    """Return who `user` is: a name, a number, or for None ourselves. Raises LaunchError for a name that nobody has."""
    if user is None:
        return by_number(os.geteuid(), os.getegid())
    if user.isdecimal():
        return by_number(int(user), int(user))
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


def by_number(uid: int, gid: int) -> Identity:
    """Return who has this number, with this group when the host knows nobody of it."""

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
