"""Lines without an end, such as a prompt or a progress bar: shown as far as they go, and stored when they are whole."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.log import LogEntry
from engineroom.model.logs.output import Chunk, StreamId
from engineroom.telemetry.logs.entries.classify import classify
from engineroom.telemetry.logs.entries.codes import CODES

SHOWN_AFTER_SECONDS = 0.3
"""Most lines are whole sooner, though they come in several writes; and a progress bar need not be shown more often."""


@dataclass(slots=True)
class _Line:
    entry: LogEntry
    begin: int
    due_at: float
    is_shown: bool = False


class Unfinished:
    """The unfinished line of each stream that has one. Moments are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._lines: dict[StreamId, _Line] = {}

    def take(self, chunks: Iterable[Chunk], now: float) -> set[BackgroundProcessId]:
        """Take in what was read; return of which background processes a line is finished that was shown."""
        finished: set[BackgroundProcessId] = set()
        for chunk in chunks:
            before = self._lines.pop(chunk.id, None)
            if chunk.unfinished:
                goes_on = before is not None and before.begin == chunk.end
                due_at = before.due_at if before is not None and goes_on else now + SHOWN_AFTER_SECONDS
                self._lines[chunk.id] = _Line(_entry(chunk), chunk.end, due_at)
            elif before is not None and before.is_shown:
                finished.add(chunk.background_process)
        return finished

    def due(self, now: float) -> set[BackgroundProcessId]:
        """Return of which background processes there is something to show that was not shown yet; it counts as shown."""
        due = [line for line in self._lines.values() if not line.is_shown and line.due_at <= now]
        for line in due:
            line.is_shown, line.due_at = True, now + SHOWN_AFTER_SECONDS
        return {line.entry.background_process for line in due}

    def shown(self, background_process: BackgroundProcessId) -> Iterator[LogEntry]:
        """Yield what is to be shown of a background process."""
        for line in self._lines.values():
            if line.is_shown and line.entry.background_process == background_process:
                yield line.entry

    def keep(self, processes: Collection[str]) -> set[BackgroundProcessId]:
        """Forget the lines of all other processes, which nobody will ever finish; return of which that were."""
        gone = [stream for stream in self._lines if stream.process not in processes]
        return {self._lines.pop(stream).entry.background_process for stream in gone}

    def __bool__(self) -> bool:
        return bool(self._lines)


def _entry(chunk: Chunk) -> LogEntry:
    entry = chunk.offset_index[-1]
    return LogEntry(
        0,
        entry.at_nanoseconds,
        entry.at_nanoseconds,
        chunk.background_process,
        chunk.process,
        chunk.replica,
        chunk.index,
        entry.pid,
        chunk.stream,
        CODES[classify(chunk.unfinished)],
        chunk.unfinished,
    )
