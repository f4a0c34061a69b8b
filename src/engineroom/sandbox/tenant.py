"""Whose rights a task has."""

import msgspec

from engineroom.keeper.user import OWNER_OF_THE_FOLDER, Identity, find


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """Who an environment's processes run as: `os_user`, or for None the owner of the folder, as the keeper takes it."""

    folder: str
    os_user: str | None = None

    def identity(self) -> Identity:
        """Return the user by numbers. Looks at the folder, which may take for ever. Raises LaunchError."""
        return find(self.os_user or OWNER_OF_THE_FOLDER, self.folder)


class Account(msgspec.Struct, frozen=True):
    """A user of this host, as the kernel knows him."""

    uid: int
    gid: int
