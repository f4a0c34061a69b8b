"""Folders that an organization may run code in, as whoever administers a host has allowed it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A folder, with all that is inside, and the user who runs things there; None is the owner of the folder."""

    path: str
    user: str | None

    def covers(self, path: str) -> bool:
        """Return whether a path is that of the folder, or of something inside, by its name."""
        return path == self.path or path.startswith(f"{self.path.rstrip('/')}/")


def innermost(folders: Iterable[Allowed], path: str) -> Allowed | None:
    """Return the one of these folders that decides for a path; None when it is in none of them."""
    return max((each for each in folders if each.covers(path)), key=lambda each: len(each.path), default=None)
