"""What happens to processes, as it stands in their log among what they printed."""

from collections.abc import Iterable, Sequence

from engineroom.model.event import Event
from engineroom.model.logs.log import LogLevel, LogType
from engineroom.model.processes.exits import WORKER_MEMORY_EXIT_CODE
from engineroom.telemetry.logs.entries.codes import BYTES
from engineroom.telemetry.logs.entries.entries import EntryRun

_STREAM = "system"
_LEVELS = {
    "process.start_failed": LogLevel.ERROR,
    "process.crash_looping": LogLevel.ERROR,
    "process.killed": LogLevel.WARNING,
    "process.draining": LogLevel.INFO,
}
_EXITED = "process.exited"
_MICROSECOND = 1000


def notes_of(events: Iterable[Event]) -> Sequence[Event]:
    """Return those of these events that stand in the log: ends, and what keeps a process from starting again."""
    return [
        event for event in events if event.background_process_id and "process" in event.data and _level(event)
    ]


def run_of(note: Event) -> EntryRun:
    """Return the entry of a note. It is behind everything that was printed by then."""
    data = note.data
    # A moment has no nanoseconds, and what was printed last has.
    at = int(note.at.timestamp() * 1_000_000) * _MICROSECOND + _MICROSECOND - 1
    run = EntryRun(at, data["process"], data["replica"], data["index"], data.get("pid") or 0, _STREAM)
    run.texts.append(note.message.encode())
    run.codes.append(BYTES[_level(note) or LogLevel.INFO, LogType.SYSTEM])
    return run


def _level(event: Event) -> LogLevel | None:
    if event.kind != _EXITED:
        return _LEVELS.get(event.kind)
    ended = event.data.get("last_exit") or {}
    if ended.get("asked"):
        # That it was asked to end stands there already; only another end than that is news.
        return None if ended.get("code") == 0 else LogLevel.INFO
    return LogLevel.INFO if ended.get("code") in (0, WORKER_MEMORY_EXIT_CODE) else LogLevel.ERROR
