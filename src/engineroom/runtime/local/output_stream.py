"""One stream in the keeper's files, as `engineroom.keeper.output.offset_index` describes them."""

import contextlib
import os
import struct
from bisect import bisect_right
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from engineroom.model.logs.characters import cut_behind
from engineroom.model.logs.output import (
    MAX_LINE_BYTES,
    STREAM_NAMES,
    UNFINISHED_SHOWN_BYTES,
    Chunk,
    OffsetEntry,
    StreamId,
    whole_pieces_end,
)
from engineroom.runtime.local import translation
from engineroom.runtime.local.translation import Owner

HEADER = struct.Struct("<QQQQQ")
MARK = struct.Struct("<QQII")
MARKS_AT = 64
ENDS_LIFE = 1
EMPTYING, EMPTIED_BY_OTHERS, BEGUN_BEHIND = 1, 2, 3

_UNKNOWN = 1 << 64
"""Behind every offset."""

_MARKS_AT_ONCE = (256, 1 << 20, 1 << 20, 1 << 20)
"""More only where so many cover no whole line: of a child that prints a line byte by byte.

As many again where all that was read was given up meanwhile: of a child that floods.
"""


class Header(NamedTuple):
    """What the keeper says of the file: where it begins, from where on it is kept, what was read and what was lost."""

    base: int
    begin: int
    acknowledged: int
    dropped: int
    emptied: int


class OutputStream:
    """Reads on from any position; cheap when that is where it stopped before."""

    __slots__ = ("_base", "_empty_chunk", "_files", "_fruitless", "_place", "_position", "end", "id", "paths")

    def __init__(self, id: StreamId, owner: Owner, folder: Path) -> None:
        self.id = id
        self.end = 0
        self.paths = (f"{folder}/spool/{id.process}.{id.stream}", f"{folder}/marks/{id.process}.{id.stream}")
        self._empty_chunk = Chunk(
            process=id.process,
            background_process=owner.background_process,
            replica=owner.replica,
            index=owner.index,
            stream=id.stream,
            begin=0,
            data=b"",
            offset_index=(),
        )
        self._files: tuple[int, int] | None = None
        self._base = 0
        self._position = self._place = 0
        self._fruitless: int | None = None

    def changed(self, end: int) -> None:
        """Take in that it can be read up to here, or that a life has ended there."""
        self.end = end
        self._fruitless = None

    def find_end(self) -> None:
        """Look into the file up to where it can be read; where that fails, reading finds out why."""
        try:
            if self._open() is not None:
                count = self._count()
                self.changed(self._entry(count - 1).offset if count else 0)
        except OSError:
            self.changed(_UNKNOWN)

    def read(self, after: int | None, most_bytes: int) -> Chunk | None:
        """Return what is there behind a position (None: the first byte not acknowledged); None when no whole line is."""
        wanted = -1 if after is None else after
        if wanted >= self.end or self._fruitless == wanted or self._open() is None:
            return None
        for most_entries in _MARKS_AT_ONCE:
            chunk, is_final = self._read(after, most_bytes, most_entries)
            if chunk is not None or is_final:
                break
        self._fruitless = None if chunk is not None and chunk.data else wanted
        return chunk

    def close(self) -> None:
        """Let go of its files."""
        if self._files is not None:
            for descriptor in self._files:
                os.close(descriptor)
        self._files = None

    @property
    def is_open(self) -> bool:
        """Whether it holds its files."""
        return self._files is not None

    def _read(self, after: int | None, most_bytes: int, most_entries: int) -> tuple[Chunk | None, bool]:
        """Return the chunk behind a position, and whether to try again with more entries would not change it."""
        header = self._header()
        if header.base != self._base and not self._begin_anew(header.base):
            return None, True
        asked = header.acknowledged if after is None else after
        if header.emptied == BEGUN_BEHIND:
            asked = max(asked, header.base)
        begin = max(asked, header.begin)
        entries = self._entries_behind(begin, most_entries)
        if not entries:
            return None, True
        data = os.pread(self._data, min(entries[-1].offset - begin, most_bytes), begin - header.base)
        seen = self._header()
        if seen.base != header.base or seen.emptied == EMPTYING:
            return None, True  # the file began anew meanwhile: another time
        is_outrun = seen.begin > begin
        if is_outrun:
            data, begin = data[seen.begin - begin :], seen.begin
        if begin > asked and not (begin == header.base and header.emptied == EMPTIED_BY_OTHERS):
            skipped = _first_line(data, begin, entries)
            data, begin = data[skipped:], begin + skipped
        whole = _whole_lines(data, begin, entries)
        if whole:
            return self._chunk(begin, data[:whole], entries, begin - asked), True
        is_final = len(entries) < most_entries and not is_outrun
        return self._unfinished(asked, data, entries[-1]) if is_final and data else None, is_final

    def _unfinished(self, asked: int, data: bytes, entry: OffsetEntry) -> Chunk:
        cut = cut_behind(data, max(0, len(data) - UNFINISHED_SHOWN_BYTES))
        return replace(self._empty_chunk, begin=asked, offset_index=(entry,), unfinished=data[cut:])

    def _chunk(self, begin: int, data: bytes, entries: list[OffsetEntry], dropped_bytes: int) -> Chunk:
        end = begin + len(data)
        first = bisect_right(entries, begin, key=_offset)
        behind = bisect_right(entries, end, key=_offset)
        covers_the_end = behind > first and entries[behind - 1].offset == end
        self._position, self._place = end, self._place + behind
        return replace(
            self._empty_chunk,
            begin=begin,
            data=data,
            offset_index=tuple(entries[first : behind if covers_the_end else behind + 1]),
            dropped_bytes=dropped_bytes,
        )

    # The files

    @property
    def _data(self) -> int:
        assert self._files is not None
        return self._files[0]

    @property
    def _marks(self) -> int:
        assert self._files is not None
        return self._files[1]

    def _open(self) -> tuple[int, int] | None:
        """Return its files; None when they are not there yet, or any more."""
        if self._files is None:
            with contextlib.suppress(FileNotFoundError):
                data = os.open(self.paths[0], os.O_RDONLY | os.O_CLOEXEC)
                try:
                    self._files = (data, os.open(self.paths[1], os.O_RDONLY | os.O_CLOEXEC))
                except OSError:
                    os.close(data)
                    raise
        return self._files

    def _header(self) -> Header:
        data = os.pread(self._marks, HEADER.size, 0)
        return Header(*HEADER.unpack(data)) if len(data) == HEADER.size else Header(0, 0, 0, 0, 0)

    def _begin_anew(self, base: int) -> bool:
        """Open the file that begins at this offset, which may be another one; return whether it is there."""
        self.close()
        self._base, self._place, self._position = base, 0, 0
        return self._open() is not None

    def _entries_behind(self, offset: int, most: int) -> list[OffsetEntry]:
        """Return the next entries behind an offset."""
        if offset != self._position:
            count = range(self._count())
            self._place = bisect_right(count, offset, key=lambda number: self._entry(number).offset)
            self._position = offset
        data = os.pread(self._marks, most * MARK.size, MARKS_AT + self._place * MARK.size)
        whole = len(data) // MARK.size * MARK.size
        return [
            OffsetEntry(end, at, pid, flags == ENDS_LIFE)
            for end, at, pid, flags in MARK.iter_unpack(memoryview(data)[:whole])
        ]

    def _count(self) -> int:
        return max(0, os.fstat(self._marks).st_size - MARKS_AT) // MARK.size

    def _entry(self, number: int) -> OffsetEntry:
        data = os.pread(self._marks, MARK.size, MARKS_AT + number * MARK.size)
        if len(data) < MARK.size:
            return OffsetEntry(0, 0, 0)  # the keeper has begun the file anew meanwhile
        offset, at, pid, flags = MARK.unpack(data)
        return OffsetEntry(offset, at, pid, flags == ENDS_LIFE)


def _offset(entry: OffsetEntry) -> int:
    return entry.offset


def _first_line(data: bytes, begin: int, entries: list[OffsetEntry]) -> int:
    """Return how much of a line there is whose beginning is lost; one that is too long goes on in pieces."""
    end = data.find(b"\n", 0, MAX_LINE_BYTES) + 1
    lives = (entry.offset - begin for entry in entries if entry.ends_life and entry.offset > begin)
    life = next(lives, len(data) + 1)
    return life if life < end or (not end and life <= len(data)) else end


def _whole_lines(data: bytes, begin: int, entries: list[OffsetEntry]) -> int:
    """Return up to where a chunk goes: to the end of a line or of a life, or to the last cut of a line too long."""
    whole = data.rfind(b"\n") + 1
    for entry in reversed(entries):
        if entry.offset - begin <= whole:
            break
        if entry.ends_life and entry.offset - begin <= len(data):
            return entry.offset - begin
    return whole_pieces_end(data, whole)


def parse_name(name: str) -> tuple[StreamId, Owner] | None:
    """Return the stream that a file is of, and whose that is; None when it is of none that we started."""
    process, _, stream = name.rpartition(".")
    owner = translation.owner(process)
    for known in STREAM_NAMES:
        if stream == known and owner is not None:
            return StreamId(process, known), owner
    return None
