"""Reading what processes print, straight from the keeper's files: also while it is away, and without troubling it."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from engineroom.model.logs.output import STREAM_NAMES, Chunk, StreamId
from engineroom.runtime.local.output_stream import OutputStream, parse_name

_CHUNK_BYTES = 4 * 1024 * 1024
_MAX_OPEN = 200


class OutputReader:
    """The streams in the keeper's folder, and up to where each can be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams: dict[StreamId, OutputStream] = {}
        self._first: StreamId | None = None
        self._look_at_all = True
        self._news: dict[str, int | None] = {}
        self._looks: set[str] = set()
        self.acknowledged: dict[StreamId, int] = {}
        """Up to where streams that are there were acknowledged, be it to a keeper that has forgotten it."""

    def look_again(self) -> None:
        """Have the next reading look at all files: something may have changed that nobody has told us of."""
        self._look_at_all = True

    def look_at(self, processes: Iterable[str]) -> None:
        """Have the next reading look at the files of these processes: something has happened that is told of elsewhere."""
        self._looks.update(processes)

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
        failure: OSError | None = None
        held = sum(stream.is_open for stream in self._streams.values())
        for stream in self._in_turn():
            if limit_bytes <= 0:
                self._first = stream.id
                break
            was_open = stream.is_open
            position = after.get(stream.id, self.acknowledged.get(stream.id))
            try:
                chunk = stream.read(position, min(_CHUNK_BYTES, limit_bytes + _CHUNK_BYTES // 2))
            except OSError as error:
                chunk, failure = None, error
            if chunk is not None:
                chunks.append(chunk)
                limit_bytes -= len(chunk.data)
            if stream.is_open and not was_open:
                held = self._hold(stream, held)
        if failure is not None and not chunks:
            raise failure  # one that cannot be read holds up no other
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
        looks, self._looks = self._looks, set()
        if self._look_at_all:
            self._look_at_all = False
            try:
                self._find_all()
            except OSError:
                self._look_at_all = True
                raise
        for name, end in news.items():
            stream = self._stream(name)
            if stream is not None and end is None:
                stream.close()
                del self._streams[stream.id]
                self.acknowledged.pop(stream.id, None)
            elif stream is not None and end is not None:
                stream.changed(end)

        for stream in self._of_processes(tuple(looks)):
            stream.find_end()

    def _of_processes(self, processes: Iterable[str]) -> Iterator[OutputStream]:
        """Yield the streams of these processes that are there."""
        for process in processes:
            for name in (f"{process}.{stream}" for stream in STREAM_NAMES):
                stream = self._stream(name) if (self._folder / "marks" / name).exists() else None
                if stream is not None:
                    yield stream

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
            held = 0
            for stream in found:
                stream.find_end()
                if stream.is_open:
                    held = self._hold(stream, held)

    def _stream(self, name: str) -> OutputStream | None:
        parsed = parse_name(name)
        if parsed is None:
            return None
        id, owner = parsed
        if id not in self._streams:
            self._streams[id] = OutputStream(id, owner, self._folder)
        return self._streams[id]

    def _hold(self, stream: OutputStream, held: int) -> int:
        """Keep its files open for the next reading, but no more than a process may have; return how many streams do."""
        if held < _MAX_OPEN:
            return held + 1
        stream.close()
        return held
