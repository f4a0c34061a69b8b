"""Who a program runs as."""

import errno
import os
import pwd
from collections.abc import Mapping
from typing import NamedTuple

from engineroom.keeper.launch_error import LaunchError

OWNER_OF_THE_FOLDER = "."


class Identity(NamedTuple):
    """A user by numbers, with the variables that tell a program whose it is."""

    uid: int
    gid: int
    groups: list[int]
    variables: Mapping[str, str]


def find(user: str | None, folder: str) -> Identity:
    """Return who `user` is: a name, a number, the owner of the folder, or for None ourselves.

    An owner is followed by root alone; anybody else can only be himself. Raises LaunchError for a name that nobody has.
    """
    if user is None or (user == OWNER_OF_THE_FOLDER and os.geteuid() != 0):
        return _by_number(os.geteuid(), os.getegid())
    if user == OWNER_OF_THE_FOLDER:
        try:
            owned = os.stat(folder)  # noqa: PTH116
        except (OSError, ValueError) as error:
            raise LaunchError.of(error, folder) from None
        return _by_number(owned.st_uid, owned.st_gid)
    if user.isdecimal():
        return _by_number(int(user), int(user))
    try:
        return _of_entry(pwd.getpwnam(user))
    except KeyError:
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


def _by_number(uid: int, gid: int) -> Identity:
    try:
        return _of_entry(pwd.getpwuid(uid))
    except (KeyError, OverflowError):
        return Identity(uid, gid, [], {"HOME": "/"})


def _of_entry(entry: pwd.struct_passwd) -> Identity:
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    variables = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}
    return Identity(entry.pw_uid, entry.pw_gid, groups, variables)
