"""Folders that an organization may run code in, as whoever administers a host has allowed it, and what they are now."""

from collections.abc import Iterable
from dataclasses import dataclass

from engineroom.model.applications.deployment import Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderGrant:
    """A folder, with all that is inside, and the user who runs things there; None is the owner of the folder."""

    path: str
    user: str | None

    def covers(self, path: str) -> bool:
        """Return whether a path is that of the folder, or of something inside, by its name."""
        return path == self.path or path.startswith(f"{self.path.rstrip('/')}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderInspection:
    """An environment's folder as it is now. What cannot be seen, or does not apply, is None; `reason` then says why.

    `resolved_path` is where the links in `directory` lead, `user` who runs things there, and `commit` what is checked out.
    """

    directory: str | None
    resolved_path: str | None = None
    user: str | None = None
    is_allowed: bool = False
    commit: Commit | None = None
    reason: str | None = None


def is_allowed(folders: Iterable[FolderGrant], path: str, user: str | None) -> bool:
    """Return whether one of these folders allows that this user runs things in a path; None is whoever the folder names."""
    return any(each.covers(path) and (user is None or each.user in (None, user)) for each in folders)


def innermost(folders: Iterable[FolderGrant], path: str) -> FolderGrant | None:
    """Return the one of these folders that decides for a path; None when it is in none of them."""
    return max((each for each in folders if each.covers(path)), key=lambda each: len(each.path), default=None)
