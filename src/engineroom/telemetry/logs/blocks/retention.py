"""How much of the log is kept, and what goes first."""

import sqlite3
from dataclasses import dataclass

_STEP = 256
"""So many blocks are removed in one write, that others need not wait long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """The log is kept for so long, and in so many bytes; what comes first counts."""

    days: float = 14.0
    bytes: int = 5_000_000_000

    def earliest(self, now_nanoseconds: int) -> int:
        """Return the moment before which entries are too old."""
        return now_nanoseconds - int(self.days * 86_400_000_000_000)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed: these blocks, so many bytes, everything in them written by `latest`."""

    blocks: list[int]
    bytes: int
    latest: int

    def and_(self, other: "Removed") -> "Removed":
        """Return both."""
        return Removed(self.blocks + other.blocks, self.bytes + other.bytes, max(self.latest, other.latest))


NOTHING = Removed([], 0, 0)


def too_old(connection: sqlite3.Connection, earliest: int) -> Removed:
    """Return the next blocks of which every entry is older than this moment, and was when it was written.

    What was written by a clock that had been set back is behind what came before it, as its order says.
    """
    rows = connection.execute(
        "SELECT id, bytes, latest FROM blocks WHERE latest < ? AND last_order < ? ORDER BY latest LIMIT ?",
        (earliest, earliest, _STEP),
    )
    return _removed(rows.fetchall())


def oldest(connection: sqlite3.Connection, most_bytes: int) -> Removed:
    """Return the oldest blocks that have at least so many bytes together."""
    chosen: list[tuple[int, int, int]] = []
    for row in connection.execute("SELECT id, bytes, latest FROM blocks ORDER BY latest LIMIT ?", (_STEP,)):
        if sum(bytes_ for _, bytes_, _ in chosen) >= most_bytes:
            break
        chosen.append(row)
    return _removed(chosen)


def stored_bytes(connection: sqlite3.Connection) -> int:
    """Return how many bytes all blocks have."""
    (found,) = connection.execute("SELECT coalesce(sum(bytes), 0) FROM blocks").fetchone()
    return int(found)


def _removed(rows: list[tuple[int, int, int]]) -> Removed:
    return Removed(
        [row[0] for row in rows], sum(row[1] for row in rows), max((row[2] for row in rows), default=0)
    )
