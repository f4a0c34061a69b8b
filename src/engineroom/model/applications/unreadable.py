"""A secret that cannot be read, in the place of its text."""

from __future__ import annotations

from typing import Any


class Unreadable(str):
    """Says why the text cannot be read, and what to do; it is all that anybody sees of it.

    `encrypted` is what is stored, which is what is stored again: whatever cannot be read now may be readable later.
    """

    __slots__ = ("encrypted", "reason")

    reason: str
    encrypted: str

    def __new__(cls, encrypted: str, reason: str) -> Unreadable:
        """Return what stands in the place of `encrypted`."""
        made = super().__new__(cls, f"[{reason}]")
        made.encrypted = encrypted
        made.reason = reason
        return made

    def __eq__(self, other: object) -> bool:
        """Return whether the same is stored for both."""
        return isinstance(other, Unreadable) and other.encrypted == self.encrypted

    def __hash__(self) -> int:
        """Return the hash of what is stored."""
        return hash(self.encrypted)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a copy is made."""
        return (Unreadable, (self.encrypted, self.reason))
