"""From chunks of output to a batch of entries: pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.log import LogLevel, LogType
from engineroom.model.logs.output import Chunk, Line, lines
from engineroom.telemetry.logs.blocks.writer import Batch, LogOwner
from engineroom.telemetry.logs.entries.codes import BYTES
from engineroom.telemetry.logs.entries.entries import EntryRun, in_time, runs, without_last

WAIT_NANOSECONDS = 200_000_000
"""So long the rest of an entry is waited for that seems to go on: the lines of a trace may come in several writes."""

_LOST = (
    "{} bytes of output were lost here: they were written faster than they could be stored, or the process emptied its own "
    "output (`> /dev/stdout` does; `>&1` and `>> /dev/stdout` do not)."
)


def batch_of(
    chunks: Sequence[Chunk],
    owners: Mapping[BackgroundProcessId, LogOwner],
    now_nanoseconds: int,
    notes: Iterable[tuple[BackgroundProcessId, EntryRun]] = (),
) -> Batch:
    """Return the entries of these chunks, and the positions up to which they are read with them.

    The last entry of a stream is left for the next time while more of it may come. `notes` are entries that nobody printed:
    they come in between by their time.
    """
    batch = Batch()
    streams: defaultdict[BackgroundProcessId, list[list[EntryRun]]] = defaultdict(list)
    for chunk in chunks:
        found, upto = _taken(chunk, now_nanoseconds)
        batch.positions[chunk.id] = upto
        if found:
            streams[chunk.background_process].append(found)
    for background_process, note in notes:
        streams[background_process].append([note])
        batch.noted_at = max(batch.noted_at, note.at)
    for background_process, of_streams in streams.items():
        batch.runs[owners[background_process]] = in_time(of_streams)
    return batch


def _taken(chunk: Chunk, now_nanoseconds: int) -> tuple[list[EntryRun], int]:
    """Return the entries to be stored now, and the offset up to which the stream is read with them."""
    of_chunk = lines(chunk)
    found, last = runs(of_chunk)
    upto = chunk.end
    has_ended = any(entry.ends_life and entry.offset == chunk.end for entry in chunk.offset_index)
    if last and not has_ended and 0 <= now_nanoseconds - found[-1].at < WAIT_NANOSECONDS:
        # Only what surely is the end of the data: a life that ended without a newline has nothing more to come.
        text = b"\n".join(last) + b"\n"
        if chunk.data.endswith(text):
            upto -= len(text)
            found = without_last(found)
    if chunk.dropped_bytes and of_chunk:
        found.insert(0, _lost(of_chunk[0], chunk.dropped_bytes))
    return found, upto


def _lost(before: Line, bytes_: int) -> EntryRun:
    run = EntryRun(
        before.at_nanoseconds, before.process, before.replica, before.index, before.pid, before.stream
    )
    run.texts.append(_LOST.format(bytes_).encode())
    run.codes.append(BYTES[LogLevel.WARNING, LogType.SYSTEM])
    return run
