"""Whose rights a task has."""

import os
from pathlib import Path

import msgspec

from engineroom.keeper.launch import folder_walk
from engineroom.keeper.launch.allowed import AllowList, WorkingFolder
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.launch.user import OWNER_OF_THE_FOLDER, Identity, by_number, find


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """Who an environment's processes run as: `os_user`, or for None the user whom its folder is allowed to."""

    folder: str
    os_user: str | None = None

    def identity(self, keeper: str | None) -> Identity:
        """Return the user by numbers, whom the list in this folder of a keeper names, and without one the folder's owner.

        Looks at the folder and at the way to it, which may take for ever. Raises LaunchError.
        """
        place = self._owned() if keeper is None else AllowList(Path(keeper)).place(self._who, self.folder)
        os.close(folder_walk.enter(place))
        return place.identity

    @property
    def _who(self) -> str:
        return self.os_user or OWNER_OF_THE_FOLDER

    def _owned(self) -> WorkingFolder:
        try:
            owner = os.stat(self.folder)  # noqa: PTH116
        except (OSError, ValueError) as error:
            raise LaunchError.of(error, self.folder) from None
        its_owner = self.os_user is None and os.geteuid() == 0
        identity = by_number(owner.st_uid, owner.st_gid) if its_owner else find(self.os_user)
        return WorkingFolder(self.folder, identity, frozenset({owner.st_uid}))


class Account(msgspec.Struct, frozen=True):
    """A user of this host, as the kernel knows him."""

    uid: int
    gid: int
