"""Keep the log within its retention, and on a full disk make room for what is new."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engineroom.telemetry.logs.blocks import retention
from engineroom.telemetry.logs.blocks.retention import NOTHING, Removed, Retention
from engineroom.telemetry.logs.blocks.writer import LogWriter

RESERVE_BYTES = 16 << 20
"""Kept in a file of its own, to be given up when the disk is full: even removing takes some room first.

It is more than the write-ahead log ever has, so that this can then be copied into the file and emptied.
"""

_MARGIN_BYTES = 24 << 20
"""With less free on the disk, the file stops to grow: the oldest makes way for the new within it."""

MIN_FREE_BYTES = 8 << 20
"""With less free on the disk, the file is made smaller: the store, and what processes write, cannot make way themselves."""

MIN_KEPT_BYTES = 64 << 20
"""But not smaller than this. Whatever fills the disk would fill the rest of it, too.

Of less, something is removed only when a write has failed, and only as much as that write needs.
"""

_DROPPED_BYTES = 8 << 20
_MIN_DROPPED_BYTES = 256 << 10
_SHARE = 16
"""Of a small log on a full disk a sixteenth goes at first, then an eighth, a quarter and half of it."""
_TRIES = 5

_PIECES, _PIECE_BYTES = 2, 4 << 20
"""What of the reserve becomes free pages of the file. Each piece is in the ahead log first, which keeps that room."""

_MAX_PAGES = 4_294_967_294
"""SQLite's own limit (its documentation of limits, point 14)."""

_VACUUMED_PAGES = 512

Result = TypeVar("Result")


class DiskSpace:
    """Makes room on the one connection that writes."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, writer: LogWriter, kept: Retention
    ) -> None:
        self._connection = connection
        self._writer = writer
        self._kept = kept
        self._reserve = path.with_name(f"{path.name}-reserve")
        self._is_bounded = False
        self._keep_reserve()

    def for_writing(self, write: Callable[[], Result]) -> tuple[Result, Removed]:
        """Return what `write` returns, and what had to be removed for it: the oldest goes while the disk is full.

        Raises what `write` raises when that did not help.
        """
        removed = self._make_way()
        for tried in range(_TRIES):
            try:
                return write(), removed
            except sqlite3.OperationalError as error:
                if not is_full(error):
                    raise
                removed = removed.and_(self._give_way(tried))
        return write(), removed

    def prune(self, now_nanoseconds: int) -> bool:
        """Remove some of what is kept no longer, and give its room back; return whether there may be more."""
        self._keep_reserve()
        found = retention.too_old(self._connection, self._kept.earliest(now_nanoseconds))
        if not found.blocks:
            excess = retention.stored_bytes(self._connection) - self._kept.bytes
            found = retention.oldest(self._connection, excess)
        if found.blocks:
            self._writer.remove(found.blocks)
            if self._free_bytes() > _MARGIN_BYTES:
                self._connection.execute(f"PRAGMA incremental_vacuum({_VACUUMED_PAGES})").fetchall()
        return bool(found.blocks)

    def _make_way(self) -> Removed:
        """Have room within the file where the disk has hardly any left, before a write would fail.

        A log that is no larger than what is kept in any case grows on, as far as the disk lets it.
        """
        free = self._free_bytes()
        self._bound_growth(bounded=free < MIN_FREE_BYTES)
        if free > _MARGIN_BYTES:
            return NOTHING
        removed = NOTHING
        with contextlib.suppress(sqlite3.OperationalError):
            beyond = self._stored_bytes() - MIN_KEPT_BYTES
            if beyond > 0 and self._unused_bytes() < _DROPPED_BYTES:
                removed = self._remove_oldest(min(_DROPPED_BYTES, beyond))
        with contextlib.suppress(sqlite3.OperationalError):
            if free < MIN_FREE_BYTES:
                self._give_back()
        return removed

    def _bound_growth(self, *, bounded: bool) -> None:
        """Let the file grow no more, or again: what has no room in it could never be copied there from the ahead log."""
        if bounded:
            self._connection.execute(f"PRAGMA max_page_count = {self._number('page_count')}").fetchall()
        elif self._is_bounded:
            self._connection.execute(f"PRAGMA max_page_count = {_MAX_PAGES}").fetchall()
        self._is_bounded = bounded

    def _remove_oldest(self, most_bytes: int) -> Removed:
        found = retention.oldest(self._connection, most_bytes)
        self._writer.remove(found.blocks, found)
        return found

    def _give_back(self) -> None:
        """Give room back to the disk where the log is large: first the reserve, then what is unused in the file."""
        beyond = self._number("page_count") - MIN_KEPT_BYTES // self._number("page_size")
        if beyond > 0:
            self._reserve.unlink(missing_ok=True)
            self._empty_ahead_log("TRUNCATE")
            pages = min(_VACUUMED_PAGES, beyond)
            self._connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
            self._empty_ahead_log("TRUNCATE")

    def _give_way(self, tried: int) -> Removed:
        """Have room for a write on a full disk: by the reserve, or else the oldest goes, more with each try.

        What is freed is used again within the file. Returns what was removed.
        """
        with contextlib.suppress(sqlite3.OperationalError):
            if self._reserve.exists():
                self._take_reserve()
                return NOTHING
            self._empty_ahead_log("RESTART")
        share = max(_MIN_DROPPED_BYTES, (self._stored_bytes() // _SHARE) << tried)
        found = self._remove_oldest(min(_DROPPED_BYTES, share))
        with contextlib.suppress(sqlite3.OperationalError):
            self._empty_ahead_log("RESTART")
        return found

    def _take_reserve(self) -> None:
        """Move the reserve into free pages of the file: given back to the disk, another program might take it."""
        self._reserve.unlink(missing_ok=True)
        self._empty_ahead_log("RESTART")
        self._bound_growth(bounded=False)
        for place in range(_PIECES):
            self._connection.execute("INSERT INTO texts VALUES (?, zeroblob(?))", (-1 - place, _PIECE_BYTES))
            self._empty_ahead_log("RESTART")
        self._connection.execute("DELETE FROM texts WHERE block < 0")
        self._empty_ahead_log("RESTART")
        self._bound_growth(bounded=True)

    def _empty_ahead_log(self, mode: str) -> None:
        """Copy the write-ahead log into the file, whose free pages it uses. TRUNCATE gives its own room back."""
        self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    def _stored_bytes(self) -> int:
        """Return how many bytes of the file are in use."""
        return self._number("page_count") * self._number("page_size") - self._unused_bytes()

    def _keep_reserve(self) -> None:
        """Have the reserve there, unless the disk is short of room already."""
        if self._reserve.exists() or self._free_bytes() < RESERVE_BYTES + 2 * _MARGIN_BYTES:
            return
        try:
            with self._reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        except OSError:
            self._reserve.unlink(missing_ok=True)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._reserve.parent).free

    def _unused_bytes(self) -> int:
        """Return how many bytes of the file what was removed has left behind."""
        return self._number("freelist_count") * self._number("page_size")

    def _number(self, pragma: str) -> int:
        (found,) = self._connection.execute(f"PRAGMA {pragma}").fetchone()
        return int(found)


def is_full(error: sqlite3.OperationalError) -> bool:
    """Return whether there was no room on the disk."""
    return error.sqlite_errorcode == sqlite3.SQLITE_FULL
