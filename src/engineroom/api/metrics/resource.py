"""Metrics in answers: charts, as the contract has them (contract sheet, section 4.8)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from engineroom.api.document.moments import Timestamp, timestamp
from engineroom.api.metrics.requests import Period
from engineroom.telemetry.metrics.history import History


class Point(Struct):
    """One moment, and a value for each label; null is not known."""

    x: Timestamp
    y: list[float | None]


class Chart(Struct):
    """One metric: the points of all labels, and the figures of each."""

    labels: list[str]
    data: list[Point]
    average: list[float | None]
    min: list[float | None]
    max: list[float | None]


class EnvironmentCharts(Struct):
    """The contract's metrics. Of requests and web workers there is nothing to be known here."""

    cpu_usage: Chart
    memory_usage: Chart
    http_response_count: Chart
    replica_count: Chart
    web_workers_count: Chart


class PeriodMeta(Struct):
    """Which period is shown, and which there are."""

    period: Period
    available_periods: list[Period]


class EnvironmentMetrics(Struct):
    """An environment's metrics, by the names of its instances."""

    data: EnvironmentCharts
    meta: PeriodMeta


class ProcessMetrics(Struct):
    """A background process's metrics, by their names."""

    data: dict[str, Chart]
    meta: PeriodMeta


def chart(labels: list[str], moments: Sequence[int], columns: Sequence[list[float | None]]) -> Chart:
    """Return the chart of some series: a column of values for each label."""
    known = [[value for value in column if value is not None] for column in columns]
    return Chart(
        labels,
        [
            Point(timestamp(datetime.fromtimestamp(at, UTC)), list(values))
            for at, *values in zip(moments, *columns, strict=True)
        ],
        [round(sum(values) / len(values), 3) if values else None for values in known],
        [min(values, default=None) for values in known],
        [max(values, default=None) for values in known],
    )


def moments(histories: Sequence[History]) -> Sequence[int]:
    """Return the moments that all of the histories have."""
    return histories[0].moments if histories else []


def meta(period: Period) -> PeriodMeta:
    """Return which period is shown, and which there are."""
    return PeriodMeta(period, list(Period))
