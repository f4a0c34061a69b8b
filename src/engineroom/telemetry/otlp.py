"""The figures sent to an OpenTelemetry collector (OTLP over HTTP), by the libraries of the extra `otlp`."""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from engineroom import __version__
from engineroom.telemetry.prometheus import Metric

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import Metric as Exported
    from opentelemetry.sdk.metrics.export import MetricsData, NumberDataPoint

_TIMEOUT_SECONDS = 10.0
_UNITS = {"bytes": "By", "seconds": "s", "cores": "{core}", "jobs": "{job}", "processes": "{process}"}
"""Of a metric by the last word of its name, in the codes of UCUM that OpenTelemetry asks for."""


class CollectorError(Exception):
    """A collector cannot be used, and what to do."""


class Collector(Protocol):
    """Takes the figures of a moment."""

    def send(self, metrics: Sequence[Metric]) -> None:
        """Send them; wait until they are taken. Raises CollectorError."""


class OtlpCollector:
    """The collector at an address such as `http://127.0.0.1:4318`.

    What the field's own variables say beyond the address, such as `OTEL_EXPORTER_OTLP_HEADERS`, holds too.
    """

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415 - an extra
                OTLPMetricExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            raise CollectorError(
                "what speaks OTLP is not installed; install it with: pip install engineroom[otlp]"
            ) from None
        # It tells of each try in its own way; what became of all of them is told in ours.
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        logging.getLogger("opentelemetry").propagate = False
        self._exporter = OTLPMetricExporter(f"{endpoint.rstrip('/')}/v1/metrics", timeout=_TIMEOUT_SECONDS)
        self._resource = Resource.create({"service.name": "engineroom", "service.version": __version__})
        self._started_at = time.time_ns()

    def send(self, metrics: Sequence[Metric]) -> None:
        """See Collector."""
        from opentelemetry.sdk.metrics.export import MetricExportResult  # noqa: PLC0415 - an extra

        result = self._exporter.export(self._data(metrics, time.time_ns()))
        if result is not MetricExportResult.SUCCESS:
            raise CollectorError("the collector did not take the figures")

    def _data(self, metrics: Sequence[Metric], now: int) -> "MetricsData":
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415 - an extra
            MetricsData,
            ResourceMetrics,
            ScopeMetrics,
        )
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415 - an extra

        scope = InstrumentationScope("engineroom", __version__)
        exported = [_exported(metric, self._started_at, now) for metric in metrics]
        return MetricsData([ResourceMetrics(self._resource, [ScopeMetrics(scope, exported, "")], "")])


def _exported(metric: Metric, started_at: int, now: int) -> "Exported":
    from opentelemetry.sdk.metrics import export  # noqa: PLC0415 - an extra

    points = list(_points(metric, started_at, now))
    data = (
        export.Sum(points, export.AggregationTemporality.CUMULATIVE, is_monotonic=True)
        if metric.type == "counter"
        else export.Gauge(points)
    )
    unit = _UNITS.get(metric.name.rpartition("_")[2], "1")
    return export.Metric(metric.name, metric.help, unit, data)


def _points(metric: Metric, started_at: int, now: int) -> "Sequence[NumberDataPoint]":
    from opentelemetry.sdk.metrics.export import NumberDataPoint  # noqa: PLC0415 - an extra

    return [
        NumberDataPoint(dict(labels.pairs), started_at, now, value)
        for labels, value in metric.values
        if value is not None
    ]
