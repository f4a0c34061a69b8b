"""What the children say of themselves: when each began to run, and as which process."""

import struct
import time
from dataclasses import dataclass
from pathlib import Path

_FORMAT = struct.Struct("=QII")
_PAUSE_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Record:
    """The beginning of one child; `nanoseconds` is on the clock of `time.monotonic_ns`."""

    nanoseconds: int
    pid: int
    parent: int


class RecordsMissingError(Exception):
    """Not all children that were asked for have begun to run in time."""


class Records:
    """The file that all children of one contender append to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def count(self) -> int:
        """Return how many children have begun to run."""
        return self.path.stat().st_size // _FORMAT.size

    def since(self, seen: int) -> list[Record]:
        """Return the records after the first `seen`, in the order in which they were written."""
        with self.path.open("rb") as file:
            file.seek(seen * _FORMAT.size)
            content = file.read()
        whole = len(content) - len(content) % _FORMAT.size
        return [Record(*fields) for fields in _FORMAT.iter_unpack(content[:whole])]

    def wait_for(self, more: int, *, seen: int, timeout_seconds: float = 60.0) -> list[Record]:
        """Wait for `more` records after the first `seen`, and return them.

        The pause between two looks does not reach the figures: the children take the time themselves.
        """
        deadline = time.monotonic() + timeout_seconds
        while self.count() < seen + more:
            if time.monotonic() > deadline:
                there = self.count() - seen
                raise RecordsMissingError(
                    f"after {timeout_seconds:g} s only {there} of {more} children have begun to run"
                )
            time.sleep(_PAUSE_SECONDS)
        return self.since(seen)
