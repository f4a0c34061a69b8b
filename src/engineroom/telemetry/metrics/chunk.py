"""A chunk: the points of one series over one stretch of time, at an even distance."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import zstandard

from engineroom.telemetry.metrics.sample import METRICS

_UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class Resolution:
    """A distance between points, how many of them are a chunk, and how long they are kept."""

    step_seconds: int
    points: int
    kept_seconds: int

    @property
    def span_seconds(self) -> int:
        """How long a chunk is."""
        return self.step_seconds * self.points

    def start(self, at: float) -> int:
        """Return when the chunk began that a moment is in."""
        return int(at // self.span_seconds) * self.span_seconds

    def place(self, at: float) -> int:
        """Return the place of a moment's point in its chunk."""
        return int(at % self.span_seconds // self.step_seconds)


FINE = Resolution(step_seconds=10, points=360, kept_seconds=86_400)
COARSE = Resolution(step_seconds=300, points=288, kept_seconds=30 * 86_400)


@dataclass(slots=True)
class SeriesChunk:
    """The points of one stretch: a column for each metric, with what is unknown as not a number.

    A metric of which nothing was ever known has no column: most have none of most.
    """

    points: int
    columns: list[array[float] | None] = field(default_factory=lambda: [None] * len(METRICS))

    def set(self, place: int, values: Sequence[float | None]) -> None:
        """Set one point."""
        for metric, value in enumerate(values):
            column = self.columns[metric]
            if column is None:
                if value is None:
                    continue
                column = self.columns[metric] = _unknown(self.points)
            column[place] = _UNKNOWN if value is None else value

    def point(self, place: int) -> list[float | None]:
        """Return one point."""
        return [
            None if column is None or math.isnan(column[place]) else column[place] for column in self.columns
        ]

    def packed(self) -> bytes:
        """Return the chunk as it is stored."""
        unknown = _unknown(self.points)
        return zstandard.compress(b"".join((column or unknown).tobytes() for column in self.columns), 3)


def unpacked(data: bytes, points: int) -> SeriesChunk:
    """Return a chunk that was stored; metrics that there were none of then are unknown."""
    chunk = SeriesChunk(points)
    content = zstandard.decompress(data)
    unknown = _unknown(points).tobytes()
    size = len(unknown)
    for metric in range(min(len(content) // size, len(METRICS))):
        column = content[metric * size : (metric + 1) * size]
        if column != unknown:
            chunk.columns[metric] = array("f", column)
    return chunk


def _unknown(points: int) -> array[float]:
    return array("f", [_UNKNOWN]) * points


class Mean:
    """The means of the points that fall into one coarser one."""

    __slots__ = ("_counts", "sums")

    def __init__(self) -> None:
        self.sums = [0.0] * len(METRICS)
        self._counts = [0] * len(METRICS)

    def add(self, values: Sequence[float | None]) -> None:
        """Take one more point in."""
        for place, value in enumerate(values):
            if value is not None:
                self.sums[place] += value
                self._counts[place] += 1

    def values(self) -> list[float | None]:
        """Return the means; None where nothing was known."""
        return [
            total / count if count else None for total, count in zip(self.sums, self._counts, strict=True)
        ]
