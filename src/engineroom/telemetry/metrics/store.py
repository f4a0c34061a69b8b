"""The metric store: points are gathered in memory, and written each minute into a file of their own."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

import structlog

from engineroom.telemetry import sqlite_files
from engineroom.telemetry.metrics.chunk import COARSE, FINE, Mean, Resolution, SeriesChunk, unpacked
from engineroom.telemetry.metrics.history import History, summed
from engineroom.telemetry.metrics.sample import Sample

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chunks (
    series TEXT NOT NULL,
    step INTEGER NOT NULL,
    start INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (series, step, start)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS chunks_by_age ON chunks (step, start);
"""
_WRITE = "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?)"

_UNWRITTEN_KEPT_SECONDS = 3600.0
"""What cannot be written, on a full disk, is held in memory no longer than this."""

_log = structlog.get_logger()

Key = tuple[str, Resolution, int]
Result = TypeVar("Result")


@dataclass(slots=True)
class _Series:
    """What is gathered of one series: the mean of the coarse point at hand."""

    coarse_at: int = -1
    mean: Mean = field(default_factory=Mean)


class MetricStore:
    """The history of every series. A series is a background process or an instance, by its id."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Charts may lose their last minute in a power cut; what they must not do is wait for the disk.
        self._connection = sqlite_files.connect(path, ("journal_mode = WAL", "synchronous = NORMAL"))
        with sqlite_files.closed_on_error(self._connection):
            self._connection.executescript(_SCHEMA)
        self._thread = ThreadPoolExecutor(1, "metrics")
        self._series: dict[str, _Series] = {}
        self._chunks: dict[Key, SeriesChunk] = {}

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float] = time.time) -> Self:
        """Return the store in the file `path`; one that cannot be used is begun anew: it is only history.

        What is too old by the `clock`, in seconds since 1970, is removed.

        Raises OSError when no file can be made there, and sqlite3.Error when it is not the file's fault, as on a full disk.
        """
        path.touch(mode=0o600)
        try:
            return cls(path, clock)
        except sqlite3.DatabaseError as error:
            if not sqlite_files.is_unusable(error):
                raise
            for leftover in ("", "-wal", "-shm"):
                path.with_name(path.name + leftover).unlink(missing_ok=True)
            path.touch(mode=0o600)
            return cls(path, clock)

    async def record(self, at: float, samples: Mapping[str, Sample]) -> None:
        """Take in the samples of one moment, in seconds since 1970."""
        await self._run(lambda: self._record(at, samples))

    async def flush(self, now: float) -> None:
        """Write what was gathered, and remove what is too old."""
        await self._run(lambda: self._flush(now))

    async def history(self, series: Iterable[str], since: float, until: float, step_seconds: int) -> History:
        """Return what is known of these series together, a point every `step_seconds`."""
        names = list(series)
        return await self._run(lambda: self._history(names, since, until, step_seconds))

    def close(self, now: float) -> None:
        """Write what was gathered, and close the file."""
        try:
            self._thread.submit(self._flush, now).result()
        except sqlite3.OperationalError as error:
            _log.warning("Cannot keep the last of the metrics.", action="metrics.lost", reason=str(error))
        finally:
            self._thread.shutdown()
            self._connection.close()

    def _record(self, at: float, samples: Mapping[str, Sample]) -> None:
        coarse_at = int(at // COARSE.step_seconds) * COARSE.step_seconds
        for name, sample in samples.items():
            values = sample.values()
            self._chunk(name, FINE, at).set(FINE.place(at), values)
            series = self._series.setdefault(name, _Series())
            if series.coarse_at != coarse_at:
                series.coarse_at, series.mean = coarse_at, Mean()
            series.mean.add(values)
            self._chunk(name, COARSE, at).set(COARSE.place(at), series.mean.values())

    def _chunk(self, name: str, resolution: Resolution, at: float) -> SeriesChunk:
        key = (name, resolution, resolution.start(at))
        found = self._chunks.get(key)
        if found is None:
            found = self._chunks[key] = self._read(key) or SeriesChunk(resolution.points)
        return found

    def _read(self, key: Key) -> SeriesChunk | None:
        name, resolution, start = key
        row = self._connection.execute(
            "SELECT data FROM chunks WHERE series = ? AND step = ? AND start = ?",
            (name, resolution.step_seconds, start),
        ).fetchone()
        return None if row is None else unpacked(row[0], resolution.points)

    def _flush(self, now: float) -> None:
        try:
            self._write(now)
        except sqlite3.OperationalError:
            self._forget(now - _UNWRITTEN_KEPT_SECONDS)
            raise
        self._forget(now)

    def _write(self, now: float) -> None:
        """Write down what is gathered, or nothing of it."""
        believed = min(now, self._clock())
        with sqlite_files.transaction(self._connection):
            for (name, resolution, start), chunk in self._chunks.items():
                self._connection.execute(_WRITE, (name, resolution.step_seconds, start, chunk.packed()))
            for resolution in (FINE, COARSE):
                oldest = believed - resolution.kept_seconds - resolution.span_seconds
                self._connection.execute(
                    "DELETE FROM chunks WHERE step = ? AND start < ?", (resolution.step_seconds, oldest)
                )

    def _forget(self, before: float) -> None:
        """Let go of the chunks in memory that had ended by then."""
        for key in [key for key in self._chunks if key[2] + key[1].span_seconds <= before]:
            del self._chunks[key]

    def _history(self, names: list[str], since: float, until: float, step_seconds: int) -> History:
        fine = until - since <= FINE.kept_seconds
        resolution = FINE if fine else COARSE
        points = (self._points(name, resolution, since, until) for name in names)
        samples_in_a_point = resolution.step_seconds // FINE.step_seconds
        return summed(points, since, until, step_seconds, samples_in_a_point=samples_in_a_point)

    def _points(
        self, name: str, resolution: Resolution, since: float, until: float
    ) -> Iterable[tuple[int, list[float | None]]]:
        for start in range(resolution.start(since), int(until) + 1, resolution.span_seconds):
            key = (name, resolution, start)
            chunk = self._chunks.get(key) or self._read(key)
            if chunk is None:
                continue
            for place in range(resolution.points):
                at = start + place * resolution.step_seconds
                if since <= at <= until:
                    yield at, chunk.point(place)

    async def _run(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)
