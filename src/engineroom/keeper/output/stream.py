"""One stream of one process: the file that its children append to, marked, bounded, and given up when it was read."""

import contextlib
import os

from engineroom.keeper import log
from engineroom.keeper.output import holes
from engineroom.keeper.output.offset_index import (
    BEGUN_BEHIND,
    EMPTIED_BY_OTHERS,
    EMPTYING,
    ENDS_LIFE,
    IndexEntry,
    IndexHeader,
    OffsetIndex,
)

_CLOCK_DOUBT_NANOSECONDS = 3600 * 10**9
"""A clock that goes back by less than this is waited for; one that goes back further had been wrong before."""

_MANY_MARKS = 5000
_LOOK_AT_MARKS_EACH = 256
_MAX_FILE_BYTES = 1 << 40
"""Far below what filesystems allow (16 TB on ext4): writing would fail there, holes or not."""

_STRETCHED_BYTES = 2 * _MAX_FILE_BYTES
"""No file comes to this by being written to. A child may truncate its own (ftruncate(2)), to more bytes, too."""

_FREE_IN_STEPS_BYTES = 1024 * 1024

_SPARE_BYTES = 64 * 1024 * 1024
_SPARE_BYTES_OF_A_FLOOD = 1024 * 1024 * 1024
"""What takes so much more of the disk than it keeps was not written: somebody has reserved it (fallocate(2)).

Filesystems reserve too, behind what grows: about as much again as there is (XFS). Of a flood, holes come late.
"""


class Stream:
    """The file at `path` with its marks. After a boot, the host may have gone down with the end of either."""

    __slots__ = (
        "_coarse_bytes",
        "_found_bytes",
        "_is_cut",
        "_marks",
        "_next_count",
        "_path",
        "_punched",
        "_puncher",
    )

    def __init__(
        self, path: str, marks_path: str, puncher: holes.Puncher, *, after_boot: bool = False
    ) -> None:
        self._path = path
        self._puncher = puncher
        self._marks = OffsetIndex(marks_path)
        self._punched = 0
        self._coarse_bytes = 0
        self._next_count = _MANY_MARKS
        self._is_cut = False
        if self._marks.header.emptied == EMPTYING:
            self._empty(self._marks.header.base)
        self._found_bytes = self._size() if after_boot else 0
        if after_boot and self._marks.header.base + self._found_bytes < self.marked:
            self._marks.cut(self._marks.header.base + self._found_bytes)
        self._free_again()

    @property
    def marked(self) -> int:
        """The offset up to which it was seen."""
        return self._marks.marked

    @property
    def kept_bytes(self) -> int:
        """How much of it is kept."""
        return max(0, self.marked - self._marks.header.begin)

    @property
    def dropped(self) -> int:
        """How many bytes were given up before anybody had read them."""
        return self._marks.header.dropped

    @property
    def last_at_nanoseconds(self) -> int:
        """When it was last written to."""
        return self._marks.last.at_nanoseconds if self._marks.last else 0

    @property
    def is_read(self) -> bool:
        """Whether everything in it was acknowledged."""
        return self._marks.header.acknowledged >= self.marked

    def look(self, pid: int, now_nanoseconds: int) -> int:
        """Mark what was written by this pid since the last look; return how many bytes that is."""
        found = self._find()
        if found is None:
            return 0
        end, at = found
        grown = end - self.marked
        if grown > self._coarse_bytes:
            self._mark(IndexEntry(end, self._time(at, now_nanoseconds), pid, 0))
        return grown

    def end_life(self, pid: int, now_nanoseconds: int) -> None:
        """Mark the end of the life that wrote until now."""
        found, last = self._find(), self._marks.last
        if found is None or (found[0] == self.marked and (last is None or last.flags & ENDS_LIFE)):
            return
        end, at = found
        if end == self.marked:
            at = now_nanoseconds
        if not pid and last is not None and not last.flags & ENDS_LIFE:
            pid = last.pid
        self._mark(IndexEntry(end, self._time(at, now_nanoseconds), pid, ENDS_LIFE))

    def bound(self, most_bytes: int) -> None:
        """Keep no more than so many bytes: give up the oldest."""
        header = self._marks.header
        if self.marked - header.begin > most_bytes:
            self._free(max(header.acknowledged, self.marked - most_bytes * 3 // 4))

    def acknowledge(self, offset: int) -> None:
        """Take in that everything before `offset` was read."""
        header = self._marks.header
        offset = min(offset, self.marked)
        if offset <= header.acknowledged:
            return
        self._marks.header = header._replace(acknowledged=offset)
        self._coarse_bytes = 0
        if offset - header.begin >= _FREE_IN_STEPS_BYTES:
            self._free(offset)

    def resume(self, offset: int) -> None:
        """Take in that everything before `offset` was read, though less is there: the host went down with the end of it.

        What was written since the host was booted is behind that.
        """
        if offset <= self.marked or self._find() is None or offset <= self.marked:
            return
        log.write(
            "warning", "output.resumed", "The host went down with output that was read.", path=self._path
        )
        base = offset - self._found_bytes
        header = self._marks.header._replace(base=base, begin=offset, acknowledged=offset)
        self._puncher.end(self._path)
        self._marks.write_header(header)
        self._marks.clear()

    def begin_behind(self, offset: int) -> None:
        """Begin at this offset, unless it has begun."""
        if self._marks.header == IndexHeader() and not self._marks.count:
            begun = IndexHeader(base=offset, begin=offset, acknowledged=offset, emptied=BEGUN_BEHIND)
            self._marks.write_header(begun)

    def reclaim(self) -> None:
        """Give back what somebody has reserved for it, of which the kernel gives no notice everywhere."""
        self._find()

    def flush(self) -> bool:
        """Write down what could not be written before, on a full disk; return whether anything was."""
        return self._marks.flush()

    def remove(self) -> None:
        """Forget it, when its file is gone. Marks that cannot be deleted now are by the next keeper."""
        self._marks.remove()

    def _size(self) -> int:
        try:
            return os.stat(self._path).st_size  # noqa: PTH116
        except OSError:
            return 0

    def _find(self) -> tuple[int, int] | None:
        """Return the offset of the file's end, and when it was last written to."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - pathlib costs more than the call
        except OSError:
            return None
        header = self._marks.header
        if header.base + found.st_size < self.marked:
            self._tell_of_cut("emptied")
            unread = max(0, self.marked - max(header.begin, header.acknowledged))
            self._begin_anew(self.marked, dropped=header.dropped + unread, emptied=EMPTIED_BY_OTHERS)
        elif found.st_size >= _STRETCHED_BYTES:
            self._tell_of_cut("stretched")
            with contextlib.suppress(OSError):
                os.truncate(self._path, self.marked - header.base)
            return self.marked, found.st_mtime_ns
        elif found.st_blocks * 512 > 4 * (header.base + found.st_size - header.begin) + self._spare_bytes:
            self._give_back(found.st_size)
        return self._marks.header.base + found.st_size, found.st_mtime_ns

    @property
    def _spare_bytes(self) -> int:
        return _SPARE_BYTES_OF_A_FLOOD if self._puncher.is_busy_with(self._path) else _SPARE_BYTES

    def _give_back(self, size: int) -> None:
        """Free what was reserved behind the end of the file, and in its holes."""
        self._tell_of_cut("filled with blocks")
        with contextlib.suppress(OSError):
            os.truncate(self._path, size)
        self._punched = 0
        self._free_again()

    def _tell_of_cut(self, what: str) -> None:
        """Say so, once: whoever does that may do it in a loop."""
        if not self._is_cut:
            self._is_cut = True
            log.write("warning", "output.cut", f"A file of output was {what} by others.", path=self._path)

    def _time(self, at: int, now_nanoseconds: int) -> int:
        """Return the time for a mark: never before the last one, but for a clock that was far ahead."""
        at = max(0, min(at, now_nanoseconds))
        last = self.last_at_nanoseconds
        return last if at < last < at + _CLOCK_DOUBT_NANOSECONDS else at

    def _mark(self, mark: IndexEntry) -> None:
        self._marks.append(mark)
        if self._marks.count >= self._next_count:
            self._thin_out()

    def _thin_out(self) -> None:
        """Where nobody reads for long, have each further mark cover more bytes."""
        header = self._marks.header
        waiting = self._marks.waiting_since(max(header.begin, header.acknowledged))
        self._coarse_bytes = self.kept_bytes // _MANY_MARKS if waiting > _MANY_MARKS else 0
        self._next_count = self._marks.count + max(_LOOK_AT_MARKS_EACH, _MANY_MARKS - waiting)

    def _free(self, offset: int) -> None:
        """Give the disk back what is before this offset, down to whole blocks; say so before it is done."""
        header = self._marks.header
        length = (offset - header.base) // holes.BLOCK_BYTES * holes.BLOCK_BYTES
        begin = header.base + length
        if begin <= header.begin:
            return
        dropped = max(0, begin - max(header.begin, header.acknowledged))
        freed = header._replace(begin=begin, dropped=header.dropped + dropped)
        if not self._marks.write_header(freed) and self._marks.count:
            self._marks.header = header  # a reader would take the hole for output
            return
        try:
            if length < _MAX_FILE_BYTES and self._path not in self._puncher.failed:
                self._puncher.punch(self._path, self._punched, length)
                self._punched = length
            else:
                self._empty(self._marks.header.base + os.stat(self._path).st_size)  # noqa: PTH116
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                log.write(
                    "error",
                    "output.unbounded",
                    "Output cannot be bounded.",
                    path=self._path,
                    reason=str(error),
                )

    def _free_again(self) -> None:
        """Give back what an earlier keeper said that it would, and did not live to."""
        length = self._marks.header.begin - self._marks.header.base
        if not length:
            return
        with contextlib.suppress(OSError):
            found = os.stat(self._path)  # noqa: PTH116
            if found.st_blocks * 512 > found.st_size - length + holes.BLOCK_BYTES:
                self._puncher.punch(self._path, 0, length)
                self._punched = length

    def _empty(self, offset: int) -> None:
        """Give up all before `offset`, the end of the file, where no holes can be made in it."""
        header = self._marks.header
        dropped = max(0, offset - max(header.begin, header.acknowledged))
        self._begin_anew(offset, dropped=header.dropped + dropped, emptied=EMPTYING)
        os.truncate(self._path, 0)
        self._marks.write_header(self._marks.header._replace(emptied=0))

    def _begin_anew(self, offset: int, **changes: int) -> None:
        self._puncher.end(self._path)  # or a late hole would take of what is new
        header = self._marks.header._replace(base=offset, begin=offset, **changes)
        self._marks.write_header(header)
        self._marks.clear()
        self._punched = self._found_bytes = 0
