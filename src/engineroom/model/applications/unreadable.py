"""A secret that cannot be read, in the place of its text."""

from __future__ import annotations

from typing import Any


class Unreadable(str):
    """Says why the text cannot be read, and what to do; it is all that anybody sees of it.

    `sealed` is what is stored, which is what is stored again: whatever cannot be read now may be readable later.
    """

    __slots__ = ("reason", "sealed")

    reason: str
    sealed: str

    def __new__(cls, sealed: str, reason: str) -> Unreadable:
        """Return what stands in the place of `sealed`."""
        made = super().__new__(cls, f"[{reason}]")
        made.sealed = sealed
        made.reason = reason
        return made

    def __eq__(self, other: object) -> bool:
        """Return whether the same is stored for both."""
        return isinstance(other, Unreadable) and other.sealed == self.sealed

    def __hash__(self) -> int:
        """Return the hash of what is stored."""
        return hash(self.sealed)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a copy is made."""
        return (Unreadable, (self.sealed, self.reason))
