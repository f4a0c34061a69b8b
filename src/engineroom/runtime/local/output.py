"""Reading what processes print, straight from the keeper's files: also while it is away, and without troubling it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engineroom.model.output import Chunk, StreamId
from engineroom.runtime.local.output_stream import OutputStream, parse_name

_CHUNK_BYTES = 4 * 1024 * 1024
_MOST_OPEN = 200


class OutputReader:
    """The streams in the keeper's folder, and up to where each can be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams: dict[StreamId, OutputStream] = {}
        self._first: StreamId | None = None
        self._look_at_all = True
        self._news: dict[str, int | None] = {}
        self.acknowledged: dict[StreamId, int] = {}
        """Up to where streams that are there were acknowledged, be it to a keeper that has forgotten it."""

    def look_again(self) -> None:
        """Have the next reading look at all files: something may have changed that nobody has told us of."""
        self._look_at_all = True

    def take(self, changed: Mapping[str, int | None]) -> None:
        """Take in up to where streams can be read now, by the names of their files; None: they are gone."""
        self._news.update(changed)

    def acknowledge(self, upto: Mapping[StreamId, int]) -> None:
        """Take in that everything before these positions was stored."""
        self.acknowledged.update(upto)

    def read(self, after: Mapping[StreamId, int], limit_bytes: int) -> Sequence[Chunk]:
        """See `engineroom.runtime.base.Output.read_output`. May be called in a thread, one at a time."""
        self._take_in_news()
        chunks: list[Chunk] = []
        for stream in self._in_turn():
            if limit_bytes <= 0:
                self._first = stream.id
                break
            position = after.get(stream.id, self.acknowledged.get(stream.id))
            chunk = stream.read(position, min(_CHUNK_BYTES, limit_bytes + _CHUNK_BYTES // 2))
            if chunk is not None:
                chunks.append(chunk)
                limit_bytes -= len(chunk.data)
        self._close_what_is_too_many()
        return chunks

    def close(self) -> None:
        """Let go of all files."""
        for stream in self._streams.values():
            stream.close()

    def _in_turn(self) -> Iterator[OutputStream]:
        """Yield all streams, beginning where the last reading had to stop."""
        ids = list(self._streams)
        begin = ids.index(self._first) if self._first in self._streams else 0
        self._first = None
        for id in ids[begin:] + ids[:begin]:
            yield self._streams[id]

    def _take_in_news(self) -> None:
        news, self._news = self._news, {}
        if self._look_at_all:
            self._look_at_all = False
            self._find_all()
        for name, end in news.items():
            stream = self._stream(name)
            if stream is not None and end is None:
                stream.close()
                del self._streams[stream.id]
                self.acknowledged.pop(stream.id, None)
            elif stream is not None and end is not None:
                stream.changed(end)

    def _find_all(self) -> None:
        """Look what is there, and forget what is not any more."""
        with contextlib.suppress(FileNotFoundError):
            names = [path.name for path in (self._folder / "marks").iterdir()]
            found = [stream for stream in map(self._stream, names) if stream is not None]
            for stream in self._streams.values():
                stream.close()
            self._streams = {stream.id: stream for stream in found}
            for id in self.acknowledged.keys() - self._streams.keys():
                del self.acknowledged[id]
            for stream in found:
                stream.find_end()
                self._close_what_is_too_many()

    def _stream(self, name: str) -> OutputStream | None:
        parsed = parse_name(name)
        if parsed is None:
            return None
        id, owner = parsed
        if id not in self._streams:
            self._streams[id] = OutputStream(id, owner, self._folder)
        return self._streams[id]

    def _close_what_is_too_many(self) -> None:
        """Keep files open for the next reading, but not more than a process may have."""
        held = [stream for stream in self._streams.values() if stream.is_open]
        for stream in held[_MOST_OPEN:]:
            stream.close()
