"""Room for the log: its limits, and what to do when the disk is full."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engineroom.telemetry.logs import retention
from engineroom.telemetry.logs.retention import NOTHING, Limits, Removed
from engineroom.telemetry.logs.writer import LogWriter

RESERVE_BYTES = 16 << 20
"""Kept in a file of its own, to be given up when the disk is full: even removing takes some room first.

It is more than the write-ahead log ever has, so that this can then be copied into the file and emptied.
"""

_MARGIN_BYTES = 24 << 20
"""With less free on the disk, the file stops to grow: the oldest makes way for the new within it."""

LEAST_FREE_BYTES = 8 << 20
"""With less free on the disk, the file is made smaller: the store, and what processes write, cannot make way themselves."""

LEAST_KEPT_BYTES = 64 << 20
"""But not smaller than this. Whatever fills the disk would fill the rest of it, too."""

_DROPPED_BYTES = 8 << 20
_TRIES = 4
_VACUUMED_PAGES = 512

Result = TypeVar("Result")


class Room:
    """Makes room on the one connection that writes."""

    def __init__(self, path: Path, connection: sqlite3.Connection, writer: LogWriter, limits: Limits) -> None:
        self._connection = connection
        self._writer = writer
        self._limits = limits
        self._reserve = path.with_name(f"{path.name}-reserve")
        self._keep_reserve()

    def for_writing(self, write: Callable[[], Result]) -> tuple[Result, Removed]:
        """Return what `write` returns, and what had to be removed for it: the oldest goes while the disk is full.

        Raises what `write` raises when that did not help.
        """
        removed = self._make_way()
        for left in reversed(range(_TRIES)):
            try:
                found = write()
            except sqlite3.OperationalError as error:
                if not is_full(error) or not left:
                    raise
                removed = removed.and_(self._give_way())
            else:
                return found, removed
        raise AssertionError

    def prune(self, now_nanoseconds: int) -> bool:
        """Remove some of what is beyond the limits, and give its room back; return whether there may be more."""
        self._keep_reserve()
        found = retention.too_old(self._connection, self._limits.earliest(now_nanoseconds))
        if not found.blocks:
            excess = retention.stored_bytes(self._connection) - self._limits.bytes
            found = retention.oldest(self._connection, excess)
        if found.blocks:
            self._writer.remove(found.blocks)
            if self._free_bytes() > _MARGIN_BYTES:
                self._connection.execute(f"PRAGMA incremental_vacuum({_VACUUMED_PAGES})").fetchall()
        return bool(found.blocks)

    def _make_way(self) -> Removed:
        """Have room within the file where the disk has hardly any left, before a write would fail."""
        free = self._free_bytes()
        if free > _MARGIN_BYTES:
            return NOTHING
        with contextlib.suppress(sqlite3.OperationalError):
            removed = NOTHING if self._unused_bytes() >= _DROPPED_BYTES else self._remove_oldest()
            if free < LEAST_FREE_BYTES:
                self._give_back()
            return removed
        return NOTHING

    def _remove_oldest(self) -> Removed:
        found = retention.oldest(self._connection, _DROPPED_BYTES)
        self._writer.remove(found.blocks)
        return found

    def _give_back(self) -> None:
        """Give room back to the disk: first the reserve, then what is unused in the file."""
        self._reserve.unlink(missing_ok=True)
        self._empty_ahead_log()
        beyond = self._number("page_count") - LEAST_KEPT_BYTES // self._number("page_size")
        if beyond > 0:
            pages = min(_VACUUMED_PAGES, beyond)
            self._connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
            self._empty_ahead_log()

    def _give_way(self) -> Removed:
        """Remove the oldest blocks on a full disk; what they leave is used again within the file."""
        self._reserve.unlink(missing_ok=True)
        self._empty_ahead_log()
        found = self._remove_oldest()
        self._empty_ahead_log()
        return found

    def _empty_ahead_log(self) -> None:
        """Copy the write-ahead log into the file, whose free pages it uses, and give its own room back."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

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
