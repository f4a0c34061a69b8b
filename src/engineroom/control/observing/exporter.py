"""Sends the figures to a collector whenever they were measured, and never keeps anybody waiting for it."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from engineroom.telemetry.otlp import Collector, CollectorError
from engineroom.telemetry.prometheus import Metric
from engineroom.telemetry.threads import in_a_thread

_log = structlog.get_logger()


class Exporter:
    """Sends the newest figures. What is measured while a collector is slow to answer is left out."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._newest: Sequence[Metric] = ()
        self._measured = asyncio.Event()
        self._takes = True

    def take(self, figures: Sequence[Metric]) -> None:
        """Have these figures sent; return at once."""
        self._newest = figures
        self._measured.set()

    async def run(self) -> None:
        """Send until cancelled. A collector that does not take them is told of once, and again when it does."""
        while True:
            await self._measured.wait()
            self._measured.clear()
            try:
                await in_a_thread(partial(self._collector.send, self._newest))
            except CollectorError as error:
                self._tell(takes=False, reason=str(error))
            except Exception:  # noqa: BLE001 - whatever the library raises, the next figures may be taken
                _log.exception("Cannot export metrics; trying again.", action="export.failed")
            else:
                self._tell(takes=True, reason="")

    def _tell(self, *, takes: bool, reason: str) -> None:
        if takes and not self._takes:
            _log.info("The collector takes metrics again.", action="export.resumed")
        elif self._takes and not takes:
            _log.warning("Cannot export metrics; trying again.", action="export.failed", reason=reason)
        self._takes = takes
