"""A block: entries of one background process that follow each other and are stored together, compressed."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import zstandard

from engineroom.telemetry.logs.entries import codes
from engineroom.telemetry.logs.entries.entries import EntryRun

_LEVEL = 1
"""Of Zstandard: higher ones make logs hardly smaller, and are slower."""

STREAMS = ("stdout", "stderr", "system")
"""The places are on disk: they never move. What is of no stream of a process's is engineroom's own."""

# Between entries stands a newline, so one within an entry is stored as NUL, and a NUL as UTF-8's forbidden long form.
_NUL, _STORED_NUL = b"\0", b"\xc0\x80"


class EntryWriter(msgspec.Struct, array_like=True, frozen=True):
    """A process that wrote something in the block, or one life of it."""

    process: str
    replica: int
    index: int
    pid: int
    stream: int


class Span(msgspec.Struct, array_like=True, frozen=True):
    """`count` entries that follow each other, by the same writer at the same moment."""

    at: int
    order: int
    writer: int
    count: int


class _Head(msgspec.Struct, array_like=True):
    writers: list[EntryWriter]
    spans: list[Span]
    codes: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Head).decode


@dataclass(frozen=True, slots=True)
class Block:
    """Entries `first` and following of one background process. `text` are their texts, in the stored form."""

    first: int
    writers: list[EntryWriter]
    spans: list[Span]
    codes: bytes
    text: bytes

    @property
    def count(self) -> int:
        """How many entries there are."""
        return len(self.codes)

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return self.first + self.count - 1

    @property
    def size(self) -> int:
        """About how many bytes there are to compress."""
        return len(self.text) + 32 * len(self.spans)

    @property
    def order(self) -> int:
        """The order of the last entry."""
        return self.spans[-1].order

    @property
    def code_mask(self) -> int:
        """Which codes occur."""
        return codes.mask(self.codes)

    @property
    def slot_mask(self) -> int:
        """Which slots have written, each a bit that it shares with some others."""
        mask = 0
        for writer in self.writers:
            mask |= slot_bit(writer.replica, writer.index)
        return mask

    def packed(self) -> bytes:
        """Return the block as it is stored."""
        head = _encode(_Head(self.writers, self.spans, self.codes))
        return zstandard.compress(len(head).to_bytes(4) + head + self.text, _LEVEL)


def slot_bit(replica: int, index: int) -> int:
    """Return the bit for a slot in a mask of slots."""
    return 1 << (replica * 31 + index) % 62


def block_of(runs: Sequence[EntryRun], first: int, order: int) -> Block:
    """Return the block of these runs, whose entries are numbered from `first` and come after `order`."""
    writers: dict[EntryWriter, int] = {}
    spans: list[Span] = []
    texts: list[bytes] = []
    code_bytes = bytearray()
    for run in runs:
        writer = EntryWriter(run.process, run.replica, run.index, run.pid, STREAMS.index(run.stream))
        order = max(order, run.at)
        spans.append(Span(run.at, order, writers.setdefault(writer, len(writers)), len(run.texts)))
        code_bytes += run.codes
        texts += map(_stored, run.texts)
    return Block(first, list(writers), spans, bytes(code_bytes), b"\n".join(texts))


def joined(blocks: Sequence[Block]) -> Block:
    """Return one block of several that follow each other."""
    writers: dict[EntryWriter, int] = {}
    spans: list[Span] = []
    for block in blocks:
        places = [writers.setdefault(writer, len(writers)) for writer in block.writers]
        spans += [Span(span.at, span.order, places[span.writer], span.count) for span in block.spans]
    return Block(
        blocks[0].first,
        list(writers),
        spans,
        b"".join(block.codes for block in blocks),
        b"\n".join(block.text for block in blocks),
    )


def unpacked(data: bytes, first: int) -> Block:
    """Return a block that was stored, whose first entry has this number."""
    content = zstandard.decompress(data)
    end = 4 + int.from_bytes(content[:4])
    head = _decode(content[4:end])
    return Block(first, head.writers, head.spans, head.codes, content[end:])


def restored(stored: bytes) -> bytes:
    """Return a text as it was written."""
    return stored.replace(_NUL, b"\n").replace(_STORED_NUL, _NUL)


def _stored(text: bytes) -> bytes:
    """Return a text in the form in which it can stand between newlines."""
    if _NUL in text:
        text = text.replace(_NUL, _STORED_NUL)
    return text.replace(b"\n", _NUL) if b"\n" in text else text
