"""What processes print: bytes with the times at which they were seen, and the lines that they make."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.characters import cut_before

MAX_LINE_BYTES = 1024 * 1024
"""A line without an end is cut here, again and again; each piece but the last is marked as cut.

A little before, where a character would be cut in two.
"""

StreamName = Literal["stdout", "stderr"]
STREAM_NAMES: tuple[StreamName, StreamName] = ("stdout", "stderr")


UNFINISHED_SHOWN_BYTES = 4096
"""How much is told of a line that has no end yet: the last of it, as a progress bar is drawn anew again and again."""


class StreamId(NamedTuple):
    """One stream of one process, through all its lives."""

    process: str
    stream: StreamName


class OffsetEntry(NamedTuple):
    """What is before `offset` and behind the previous entry had been written by then, by this pid (0: nobody knows).

    With `ends_life` the process died there: a line ends too, be it whole or not. In a stream, neither offsets nor times go
    back; but where the host's clock is set back by more than an hour, its new time is believed.
    """

    offset: int
    at_nanoseconds: int
    pid: int
    ends_life: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Consecutive bytes of a stream. It begins where a line does, and ends where one does.

    `begin` is the offset of the first byte in all that the stream ever had. `dropped_bytes` were lost just before it:
    the disk's bound was reached before anybody had read them. `offset_index` covers all of `data`.

    Where there is no whole line, `data` may be empty, and `unfinished` the end of what is there of the next one;
    `offset_index` then has the entry that covers that. It is a look ahead: all of it comes again as `data`.
    """

    process: str
    background_process: BackgroundProcessId
    replica: int
    index: int
    stream: StreamName
    begin: int
    data: bytes
    offset_index: tuple[OffsetEntry, ...]
    dropped_bytes: int = 0
    unfinished: bytes = b""

    @property
    def end(self) -> int:
        """The offset just behind the data: from where to read on."""
        return self.begin + len(self.data)

    @property
    def id(self) -> StreamId:
        """The stream that it is of."""
        return StreamId(self.process, self.stream)


class Line(NamedTuple):
    """One line, without its newline. With `cut` it is a piece of one that is too long, and goes on in the next."""

    at_nanoseconds: int
    process: str
    background_process: BackgroundProcessId
    replica: int
    index: int  # type: ignore[assignment]  # a field may be named as a method of tuples is
    pid: int
    stream: StreamName
    text: bytes
    cut: bool


def lines(chunk: Chunk) -> list[Line]:
    """Return the lines of a chunk, in order; each has the time and the pid of the entry that covers its last byte."""
    made: list[Line] = []
    who = (chunk.process, chunk.background_process, chunk.replica, chunk.index)
    stream, data, origin = chunk.stream, chunk.data, chunk.begin
    begin = 0
    for entry in chunk.offset_index:
        covered = entry.offset - origin
        whole = entry.ends_life and covered <= len(data)
        end = covered if whole else data.rfind(b"\n", begin, max(covered, 0)) + 1
        if end <= begin:
            continue
        texts = data[begin:end].split(b"\n")
        begin = end
        if not texts[-1]:
            texts.pop()
        at, pid = entry.at_nanoseconds, entry.pid
        for text in texts:
            if len(text) <= MAX_LINE_BYTES:
                made.append(Line(at, *who, pid, stream, text, False))
            else:
                made.extend(Line(at, *who, pid, stream, piece, cut) for piece, cut in _pieces(text))
    if begin < len(data):
        # The chunk ends within a line that is too long.
        last = chunk.offset_index[-1]
        tail = Line(last.at_nanoseconds, *who, last.pid, stream, b"", True)
        made.extend(tail._replace(text=piece) for piece, _ in _pieces(data[begin:]))
    return made


def piece_end(text: bytes, begin: int) -> int:
    """Return where the piece of a long text ends that begins here."""
    return min(len(text), cut_before(text, begin + MAX_LINE_BYTES))


def whole_pieces_end(text: bytes, begin: int) -> int:
    """Return up to where a line goes that is too long and has no end yet, cut into pieces from `begin` on."""
    while len(text) - begin > MAX_LINE_BYTES:
        begin = piece_end(text, begin)
    return begin


def _pieces(text: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield a long text in pieces, each with whether it goes on."""
    begin = 0
    while begin < len(text):
        end = piece_end(text, begin)
        yield text[begin:end], end < len(text)
        begin = end
