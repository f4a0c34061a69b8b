"""Output as a runtime would hand it over, for tests of the log."""

from collections.abc import Sequence

from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.logs.log import LogEntry
from engineroom.model.logs.output import Chunk, OffsetEntry, StreamName
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.query import LogQuery
from engineroom.telemetry.logs.blocks.reading import Window, place
from engineroom.telemetry.logs.blocks.writer import Batch, LogOwner
from engineroom.telemetry.logs.entries.intake import batch_of

SECOND = 1_000_000_000
NOON = 1_764_072_000 * SECOND
"""2025-11-25 12:00:00 UTC, in nanoseconds since 1970."""

MAILS = BackgroundProcessId("process-mails")
REPORTS = BackgroundProcessId("process-reports")
SHOP = EnvironmentId("env-shop")


def owner(background_process: BackgroundProcessId = MAILS, environment: EnvironmentId = SHOP) -> LogOwner:
    return LogOwner(background_process, InstanceId("inst-1"), environment)


def chunk(
    data: bytes,
    *,
    at: int = NOON,
    begin: int = 0,
    index: int = 0,
    stream: StreamName = "stdout",
    background_process: BackgroundProcessId = MAILS,
    dropped_bytes: int = 0,
) -> Chunk:
    """Return what one process wrote by one moment."""
    return Chunk(
        process=f"{background_process}-{index}",
        background_process=background_process,
        replica=1,
        index=index,
        stream=stream,
        begin=begin,
        data=data,
        offset_index=(OffsetEntry(begin + len(data), at, 100 + index),),
        dropped_bytes=dropped_bytes,
    )


def batch(*chunks: Chunk, now: int = NOON + 10 * SECOND) -> Batch:
    """Return the batch of these chunks, read long after they were written."""
    owners = {each.background_process: owner(each.background_process) for each in chunks}
    return batch_of(chunks, owners, now)


async def everything(
    logs: LogStore, *of: BackgroundProcessId, query: LogQuery | None = None, newest_first: bool = False
) -> list[LogEntry]:
    """Return every wanted entry of these, of MAILS when none is named."""
    entries: list[LogEntry] = []
    more = True
    while more:
        behind = place(entries[-1]) if entries else None
        window = Window(limit=1_000_000, behind=behind, newest_first=newest_first)
        found = await logs.find(of or (MAILS,), query or LogQuery(), window)
        entries += found.entries
        more = found.more
    return entries


async def texts(logs: LogStore, *of: BackgroundProcessId, query: LogQuery | None = None) -> Sequence[bytes]:
    return [entry.text for entry in await everything(logs, *of, query=query)]
