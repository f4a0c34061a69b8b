"""Answer for what was measured: an environment's history, a background process's, and what Prometheus reads."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from engineroom.api.calls.answers import plain
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate_parameters
from engineroom.api.http.answer import Answer
from engineroom.api.metrics.percent import cpu_percent, memory_percent
from engineroom.api.metrics.requests import SPANS, MetricsFields, Period
from engineroom.api.metrics.resource import (
    Chart,
    EnvironmentCharts,
    EnvironmentMetrics,
    ProcessMetrics,
    chart,
    meta,
    moments,
)
from engineroom.model.applications.environment import Environment
from engineroom.model.instances.instance import Instance
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.store.queries import instances
from engineroom.telemetry import prometheus
from engineroom.telemetry.metrics.history import History
from engineroom.telemetry.metrics.sample import METRICS


async def of_environment(call: Call, environment: Environment) -> Answer:
    """Show how an environment's instances did."""
    found = await call.read(
        lambda connection: instances.of_environments(connection, call.organization_id, [environment.id])
    )
    period = _period(call)
    histories = [await _history(call, [each.id], period) for each in found]
    names = [each.name for each in found]

    def charted(value: Callable[[Instance, History], list[float | None]]) -> Chart:
        columns = [value(each, history) for each, history in zip(found, histories, strict=True)]
        return chart(names, moments(histories), columns)

    host = call.control.capacity()
    nothing = chart([], [], [])
    charts = EnvironmentCharts(
        charted(partial(cpu_percent, host)),
        charted(partial(memory_percent, host)),
        nothing,
        charted(lambda _, history: history.columns["replicas"]),
        nothing,
    )
    return plain(EnvironmentMetrics(charts, meta(period)))


async def of_background_process(call: Call, background_process: BackgroundProcess) -> Answer:
    """Show how a background process did: processes, restarts, what they used, and its queue."""
    period = _period(call)
    history = await _history(call, [background_process.id], period)
    charts = {
        name: chart([background_process.command], history.moments, [history.columns[name]])
        for name in METRICS
        if name != "replicas"
    }
    return plain(ProcessMetrics(charts, meta(period)))


async def scrape(call: Call) -> Answer:
    """Show the figures of this moment, as Prometheus reads them."""
    owned = await call.read(lambda connection: instances.ids(connection, call.organization_id))
    metrics = call.control.current_metrics(owned)
    return Answer(prometheus.exposition(metrics), media_type=prometheus.MEDIA_TYPE)


def _period(call: Call) -> Period:
    return validate_parameters(MetricsFields, call.query.parameters()).period


async def _history(call: Call, series: Sequence[str], period: Period) -> History:
    span, step = SPANS[period]
    now = time.time()
    # The last step is the one at hand: what has just happened is seen at once.
    first = int(now) // step * step - span + step
    return await call.control.metrics.history(series, first, now, step)
