"""Send metrics to a collector whenever they were measured, and never keep anybody waiting for it."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from engineroom.control.observing.metrics import CurrentMetrics
from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.telemetry.otlp import Collector, CollectorError
from engineroom.telemetry.prometheus import Metric
from engineroom.telemetry.threads import in_a_thread

_log = structlog.get_logger()


class Exporter:
    """Send the newest metrics. What is measured while a collector is slow to answer is left out."""

    def __init__(self, collector: Collector, metrics: CurrentMetrics) -> None:
        self._collector = collector
        self._metrics = metrics
        self._newest: Sequence[Metric] = ()
        self._measured = asyncio.Event()
        self._takes = True

    def take(self, observed: Sequence[ObservedBackgroundProcess], _now: float) -> None:
        """Have the metrics of what was observed sent; return at once."""
        self._newest = self._metrics.of(observed)
        self._measured.set()

    async def run(self) -> None:
        """Send until cancelled. Log once that a collector does not take metrics, and again when it does."""
        while True:
            await self._measured.wait()
            self._measured.clear()
            try:
                await in_a_thread(partial(self._collector.send, self._newest))
            except CollectorError as error:
                self._log(takes=False, reason=str(error))
            except Exception:  # noqa: BLE001 - whatever the library raises, the next metrics may be taken
                _log.exception("Cannot export metrics; trying again.", action="export.failed")
            else:
                self._log(takes=True, reason="")

    def _log(self, *, takes: bool, reason: str) -> None:
        if takes and not self._takes:
            _log.info("The collector takes metrics again.", action="export.resumed")
        elif self._takes and not takes:
            _log.warning("Cannot export metrics; trying again.", action="export.failed", reason=reason)
        self._takes = takes
