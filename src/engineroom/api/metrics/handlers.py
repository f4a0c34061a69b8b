"""The history of what is measured: an environment's as the contract has it (section 4.8), a background process's,
and what Prometheus reads."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

from msgspec import Struct
from pydantic import BaseModel
from sqlalchemy import Connection

from engineroom.api.background_processes.handlers import require
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Parameter
from engineroom.api.document.jsonapi import JSON, Timestamp, encode, timestamp
from engineroom.api.document.validation import validate_parameters
from engineroom.api.http.errors import NotFoundError
from engineroom.model.ids import EnvironmentId, InstanceId
from engineroom.model.instances.capacity import Capacity, capacity_of, is_shared
from engineroom.model.instances.instance import Instance
from engineroom.store.queries import environments, instances
from engineroom.telemetry import prometheus
from engineroom.telemetry.metrics.history import History
from engineroom.telemetry.metrics.sample import METRICS


class Period(StrEnum):
    """How far a chart reaches back."""

    SIX_HOURS = "6h"
    DAY = "24h"
    THREE_DAYS = "3d"
    WEEK = "7d"
    MONTH = "30d"


_HOUR = 3600
_SPANS = {
    Period.SIX_HOURS: (6 * _HOUR, 30),
    Period.DAY: (24 * _HOUR, 120),
    Period.THREE_DAYS: (72 * _HOUR, 600),
    Period.WEEK: (7 * 24 * _HOUR, 900),
    Period.MONTH: (30 * 24 * _HOUR, _HOUR),
}
"""How long each is, and how far its points are apart, in seconds; a day's are two minutes in the contract."""

PARAMETERS = (Parameter("period", {"enum": list(Period)}, "How far to reach back; 24h unless given."),)


class _Fields(BaseModel):
    period: Period = Period.DAY


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


async def of_environment(call: Call) -> Answer:
    """Show how an environment's instances did."""

    def read(connection: Connection) -> Sequence[Instance]:
        id = EnvironmentId(call.id("environment"))
        if environments.find(connection, call.organization_id, id) is None:
            raise NotFoundError
        return instances.of_environments(connection, call.organization_id, [id])

    found = await call.read(read)
    period = validate_parameters(_Fields, call.parameters()).period
    histories = [await _history(call, [each.id], period) for each in found]
    names = [each.name for each in found]

    def chart(value: Callable[[Instance, History], list[float | None]]) -> Chart:
        columns = [value(each, history) for each, history in zip(found, histories, strict=True)]
        return _chart(names, _moments(histories), columns)

    host = call.control.capacity()
    nothing = _chart([], [], [])
    charts = EnvironmentCharts(
        chart(partial(_cpu_percent, host)),
        chart(partial(_memory_percent, host)),
        nothing,
        chart(lambda _, history: history.columns["replicas"]),
        nothing,
    )
    return Answer(encode(EnvironmentMetrics(charts, _meta(period))), media_type=JSON)


async def of_background_process(call: Call) -> Answer:
    """Show how a background process did: processes, restarts, what they used, and its queue."""
    found = await call.read(lambda connection: require(connection, call))
    period = validate_parameters(_Fields, call.parameters()).period
    history = await _history(call, [found.id], period)
    charts = {
        name: _chart([found.command], history.moments, [history.columns[name]])
        for name in METRICS
        if name != "replicas"
    }
    return Answer(encode(ProcessMetrics(charts, _meta(period))), media_type=JSON)


async def scrape(call: Call) -> Answer:
    """Show the figures of this moment, as Prometheus reads them."""

    def read(connection: Connection) -> frozenset[InstanceId]:
        return instances.ids(connection, call.organization_id)

    owned = await call.read(read)
    metrics = call.control.current_metrics(owned)
    return Answer(prometheus.exposition(metrics), media_type=prometheus.MEDIA_TYPE)


async def _history(call: Call, series: Sequence[str], period: Period) -> History:
    span, step = _SPANS[period]
    now = time.time()
    # The last step is the one at hand: what has just happened is seen at once.
    first = int(now) // step * step - span + step
    return await call.control.metrics.history(series, first, now, step)


def _cpu_percent(host: Capacity, instance: Instance, history: History) -> list[float | None]:
    return _percent(history, "cpu", capacity_of(instance.size, host).cpus, instance)


def _memory_percent(host: Capacity, instance: Instance, history: History) -> list[float | None]:
    return _percent(history, "memory_bytes", capacity_of(instance.size, host).memory_bytes, instance)


def _percent(
    history: History, metric: str, of_replica: float | None, instance: Instance
) -> list[float | None]:
    """Return how much was used of what all replicas have together; None where one of the two is not known."""
    shared = is_shared(instance.size)
    pairs = zip(history.columns[metric], history.columns["replicas"], strict=True)
    return [
        None
        if used is None or not replicas or not of_replica
        else round(100 * used / (of_replica if shared else of_replica * replicas), 2)
        for used, replicas in pairs
    ]


def _chart(labels: list[str], moments: Sequence[int], columns: Sequence[list[float | None]]) -> Chart:
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


def _moments(histories: Sequence[History]) -> Sequence[int]:
    return histories[0].moments if histories else []


def _meta(period: Period) -> PeriodMeta:
    return PeriodMeta(period, list(Period))
