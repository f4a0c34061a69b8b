"""What the processes of the fake runtime print, in memory."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engineroom.model.logs.output import (
    MAX_LINE_BYTES,
    STREAM_NAMES,
    UNFINISHED_SHOWN_BYTES,
    Chunk,
    OffsetEntry,
    StreamId,
    StreamName,
    whole_pieces_end,
)
from engineroom.model.processes.process import Process


@dataclass(slots=True)
class _Stream:
    """`begin` is the offset of the first byte in `data`."""

    process: Process
    begin: int = 0
    data: bytearray = field(default_factory=bytearray)
    offset_index: list[OffsetEntry] = field(default_factory=list)
    acknowledged: int = 0
    told: int = 0
    """Up to where its unfinished line was told of."""

    @property
    def end(self) -> int:
        return self.begin + len(self.data)


class FakeOutput:
    """All streams of all processes, those that are gone and not read to their end included."""

    def __init__(self) -> None:
        self._streams: dict[StreamId, _Stream] = {}
        self._gone: set[str] = set()

    def write(self, process: Process, data: bytes, stream: StreamName) -> None:
        """Append to a stream of the process."""
        found = self._streams.setdefault(StreamId(process.id, stream), _Stream(process))
        found.data += data
        found.offset_index.append(OffsetEntry(found.end, time.time_ns(), process.pid or 0))

    def end_life(self, process: Process) -> None:
        """End the lines of a process that has died."""
        for name in STREAM_NAMES:
            found = self._streams.get(StreamId(process.id, name))
            if found is not None:
                found.offset_index.append(
                    OffsetEntry(found.end, time.time_ns(), process.pid or 0, ends_life=True)
                )

    def lose(self, stream: StreamId, size: int) -> None:
        """Drop the oldest bytes of a stream."""
        found = self._streams[stream]
        del found.data[:size]
        found.begin += size

    def forget_when_read(self, process: str) -> None:
        """Let go of a process that is gone as soon as everything of it is acknowledged."""
        self._gone.add(process)
        self._forget_what_is_read()

    def read(self, after: Mapping[StreamId, int], limit_bytes: int) -> Sequence[Chunk]:
        """See Output.read_output."""
        chunks: list[Chunk] = []
        for id, stream in self._streams.items():
            if limit_bytes <= 0:
                break
            chunk = _chunk(id, stream, after.get(id, stream.acknowledged), limit_bytes)
            if chunk is not None:
                chunks.append(chunk)
                limit_bytes -= len(chunk.data)
        return chunks

    def acknowledge(self, upto: Mapping[StreamId, int]) -> None:
        """See Output.acknowledge_output."""
        for id, offset in upto.items():
            if id in self._streams:
                stream = self._streams[id]
                stream.acknowledged = max(stream.acknowledged, offset)
                self.lose(id, max(0, min(offset, stream.end) - stream.begin))
        self._forget_what_is_read()

    def _forget_what_is_read(self) -> None:
        read = [id for id, stream in self._streams.items() if id.process in self._gone and not stream.data]
        for id in read:
            del self._streams[id]
        self._gone &= {id.process for id in self._streams}


def _chunk(id: StreamId, stream: _Stream, after: int, limit_bytes: int) -> Chunk | None:
    begin = max(after, stream.begin)
    data = bytes(stream.data[begin - stream.begin :][: max(limit_bytes, MAX_LINE_BYTES + 1)])
    ends = [entry.offset - begin for entry in stream.offset_index if entry.ends_life and entry.offset > begin]
    whole = max([data.rfind(b"\n") + 1, *(end for end in ends if end <= len(data))])
    end = whole or whole_pieces_end(data, 0)
    if not end and (not data or stream.told == stream.end):
        return None
    chunk = Chunk(
        process=id.process,
        background_process=stream.process.background_process,
        replica=stream.process.replica,
        index=stream.process.index,
        stream=id.stream,
        begin=begin,
        data=data[:end],
        offset_index=(),
        dropped_bytes=begin - after,
    )
    covering = [entry for entry in stream.offset_index if entry.offset > begin]
    if not end:
        stream.told = stream.end
        return replace(
            chunk,
            begin=after,
            dropped_bytes=0,
            unfinished=data[-UNFINISHED_SHOWN_BYTES:],
            offset_index=tuple(covering[-1:]),
        )
    enough = next(number for number, entry in enumerate(covering, 1) if entry.offset >= chunk.end)
    return replace(chunk, offset_index=tuple(covering[:enough]))
