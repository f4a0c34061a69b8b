"""When which bytes of a stream were written: a file of marks beside it.

The file begins with a header, and goes on with marks of one size in the order of their offsets, so that a reader finds
a place in it by halving. Offsets count all that the stream ever had. Only the keeper writes; a reader that looks at the
header again after it has read the stream knows what of that is true.
"""

import contextlib
import os
import struct
from bisect import bisect_right
from typing import NamedTuple

from engineroom.keeper.output import holes

HEADER = struct.Struct("<QQQQQ")
"""What `IndexHeader` has."""

MARK = struct.Struct("<QQII")
"""What `IndexEntry` has."""

MARKS_AT = 64
"""Where in the file the marks begin."""

ENDS_LIFE = 1

EMPTYING, EMPTIED_BY_OTHERS, BEGUN_BEHIND = 1, 2, 3
"""What `IndexHeader.emptied` says, beside 0."""

_PUNCH_ABOVE_BYTES = 64 * 1024


class IndexEntry(NamedTuple):
    """All before `offset` had been written at this time, by this pid (0: unknown). `flags`: ENDS_LIFE or nothing."""

    offset: int
    at_nanoseconds: int
    pid: int
    flags: int


class IndexHeader(NamedTuple):
    """`base` is the offset at which the stream's file begins, `begin` of the first byte in it that is kept.

    What is before `acknowledged` was read. `dropped` counts the bytes that were given up unread. While `emptied` is
    EMPTYING, the file is about to be emptied; when it is EMPTIED_BY_OTHERS, whoever prints has done that, and a line
    begins at `base`. When it is BEGUN_BEHIND, nobody knows how far an earlier file of this name went, so this one begins
    behind that: there is nothing between that was lost.
    """

    base: int = 0
    begin: int = 0
    acknowledged: int = 0
    dropped: int = 0
    emptied: int = 0


class OffsetIndex:
    """The marks of one stream. One that cannot be written (full disk) waits in memory for the next."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.header = IndexHeader()
        self.last: IndexEntry | None = None
        self._waiting: list[IndexEntry] = []
        self._header_waits = False
        self._count = 0
        self._punched = 0
        if os.path.exists(path):  # noqa: PTH110 - a new stream needs no descriptor: there may be none left
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                self._load(file.fileno())

    def _load(self, file: int) -> None:
        head = os.pread(file, HEADER.size, 0)
        if len(head) == HEADER.size:
            self.header = IndexHeader(*HEADER.unpack(head))
        self._count = max(0, os.fstat(file).st_size - MARKS_AT) // MARK.size
        if self._count:
            self.last = _read(file, self._count - 1)

    @property
    def marked(self) -> int:
        """The offset up to which the stream has marks."""
        return self.header.base if self.last is None else max(self.header.base, self.last.offset)

    def append(self, mark: IndexEntry) -> None:
        """Write a mark down, and those that still wait."""
        self.last = mark
        if len(self._waiting) > 1 and not self._waiting[-1].flags:
            self._waiting.pop()  # the next one covers its bytes too
        self._waiting.append(mark)
        self.flush()

    def flush(self) -> bool:
        """Write down what waits, the header first; return whether any was. On a full disk it goes on waiting."""
        if not self._waiting or (self._header_waits and not self.write_header(self.header)):
            return False
        lines = b"".join(MARK.pack(*mark) for mark in self._waiting)
        try:
            file = self._open()
            try:
                written = os.pwrite(file, lines, MARKS_AT + self._count * MARK.size) // MARK.size
            finally:
                os.close(file)
        except OSError:
            return False
        self._count += written
        del self._waiting[:written]
        return written > 0

    def write_header(self, header: IndexHeader) -> bool:
        """Replace the header; return whether it was written to the file.

        On a full disk it can be written, as it lies over the one before. Only the first cannot: then there are no marks that
        a reader could see yet, and none are written before it.
        """
        self.header = header
        self._header_waits = True
        with contextlib.suppress(OSError):
            file = self._open()
            try:
                self._header_waits = os.pwrite(file, HEADER.pack(*header), 0) < HEADER.size
            finally:
                os.close(file)
        return not self._header_waits

    def clear(self) -> None:
        """Forget all marks."""
        self.last, self._count, self._waiting, self._punched = None, 0, [], 0
        with contextlib.suppress(OSError):
            os.truncate(self._path, MARKS_AT)

    def cut(self, offset: int) -> None:
        """Forget the marks behind an offset."""
        file = self._open()
        try:
            self._count = self._place(file, offset)
            os.ftruncate(file, MARKS_AT + self._count * MARK.size)
            self.last = _read(file, self._count - 1) if self._count else None
        finally:
            os.close(file)

    def _place(self, file: int, offset: int) -> int:
        """Return how many marks are not behind an offset."""
        return bisect_right(range(self._count), offset, key=lambda number: _read(file, number).offset)

    def waiting_since(self, offset: int) -> int:
        """Return how many marks are behind `offset`, and give the space of the others back."""
        try:
            file = self._open()
            try:
                place = self._place(file, offset)
            finally:
                os.close(file)
            end = (MARKS_AT + place * MARK.size) // holes.BLOCK_BYTES * holes.BLOCK_BYTES
            begin = max(self._punched, holes.BLOCK_BYTES)
            if end - begin > _PUNCH_ABOVE_BYTES and holes.punch(self._path, begin, end):
                self._punched = end
        except OSError:
            return 0
        return self._count - place

    @property
    def count(self) -> int:
        """How many marks were ever written."""
        return self._count

    def remove(self) -> None:
        """Delete the file. One that cannot be deleted now is by the next keeper."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _read(file: int, number: int) -> IndexEntry:
    data = os.pread(file, MARK.size, MARKS_AT + number * MARK.size)
    return IndexEntry(*MARK.unpack(data)) if len(data) == MARK.size else IndexEntry(0, 0, 0, 0)
