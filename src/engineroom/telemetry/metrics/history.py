"""What a chart shows: points at an even distance, with the mean, the least and the most of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engineroom.telemetry.metrics.chunk import Mean
from engineroom.telemetry.metrics.sample import COUNTED, METRICS

Points = Iterable[tuple[int, list[float | None]]]


@dataclass(frozen=True, slots=True)
class History:
    """The moments of the points, in seconds since 1970, and a column of values for each metric; None is unknown."""

    moments: Sequence[int]
    columns: dict[str, list[float | None]]


def summed(
    series: Iterable[Points], since: float, until: float, step_seconds: int, *, samples_in_a_point: int = 1
) -> History:
    """Return the means of each series over every step, added up over the series; of what is counted, how much it was.

    A point is the mean of so many samples.
    """
    totals: defaultdict[int, list[float | None]] = defaultdict(lambda: [None] * len(METRICS))
    for points in series:
        means: defaultdict[int, Mean] = defaultdict(Mean)
        for at, values in points:
            means[at // step_seconds * step_seconds].add(values)
        for at, mean in means.items():
            found = _counted(mean, samples_in_a_point)
            totals[at] = [_plus(old, new) for old, new in zip(totals[at], found, strict=True)]
    first, last = int(since) // step_seconds * step_seconds, int(until)
    moments = range(first, last + 1, step_seconds)
    unknown: list[float | None] = [None] * len(METRICS)
    rows = [totals.get(at, unknown) for at in moments]
    return History(moments, {name: [row[place] for row in rows] for place, name in enumerate(METRICS)})


def _counted(mean: Mean, samples_in_a_point: int) -> list[float | None]:
    """Return the values of a step: means, but of what is counted the sum of all samples."""
    return [
        value if value is None or name not in COUNTED else mean.sums[place] * samples_in_a_point
        for place, (name, value) in enumerate(zip(METRICS, mean.values(), strict=True))
    ]


def _plus(old: float | None, new: float | None) -> float | None:
    if old is None or new is None:
        return old if new is None else new
    return old + new
