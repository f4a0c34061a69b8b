"""Measure what runs, every ten seconds: for charts, for Prometheus, and for alerts.

Of a stopped environment nothing is measured, nor of what belongs to another host: that is not known here, and not zero.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from engineroom.control.observing.instance_samples import of_instances
from engineroom.control.observing.observer import ObservedBackgroundProcess, Observer
from engineroom.control.observing.queue_gauge import QueueGauge
from engineroom.control.scaling.stall_detector import StallDetector
from engineroom.store import Store
from engineroom.store.queries.wanted import started
from engineroom.telemetry.metrics import MetricStore
from engineroom.telemetry.metrics.sample import Sample

SAMPLE_SECONDS = 10.0
_FLUSH_SECONDS = 60.0

_log = structlog.get_logger()


class Listener(Protocol):
    """Who is handed what was observed."""

    def take(self, observed: Sequence[ObservedBackgroundProcess], now: float, /) -> None:
        """Take what was observed at this moment, in seconds since 1970."""


class Sampler:
    """Take samples, keep the last of them at hand, and hand them to the listeners."""

    def __init__(  # noqa: PLR0913 - where from, where to, and what it has measured meanwhile
        self,
        store: Store,
        metrics: MetricStore,
        *,
        observer: Observer,
        queues: QueueGauge,
        stalls: StallDetector,
        listeners: Sequence[Listener],
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._observer = observer
        self._queues = queues
        self._stalls = stalls
        self._listeners = listeners
        self._flush_at = 0.0
        self.observed: Sequence[ObservedBackgroundProcess] = ()

    async def run(self) -> None:
        """Sample until cancelled, on the beat of the clock, so that charts have their points at even moments."""
        while True:
            try:
                await self.sample()
            except Exception:  # noqa: BLE001 - a gap in a chart is no reason to stop
                _log.exception("Cannot take samples; trying again.", action="metrics.failed")
            await asyncio.sleep(SAMPLE_SECONDS - time.time() % SAMPLE_SECONDS)

    async def sample(self) -> None:
        """Take one sample of everything."""
        now = time.time()
        rows = await self._store.read(lambda connection: started(connection, self._store.host))
        measured = await self._queues.read(rows)
        self.observed = [self._observer.observe(row, measured.get(row.background_process.id)) for row in rows]
        self._observer.keep_only({each.background_process for each in self.observed})
        samples: dict[str, Sample] = {each.background_process: each.sample for each in self.observed}
        samples |= of_instances(rows, self.observed)
        await self._metrics.record(now, samples)
        for listener in self._listeners:
            listener.take(self.observed, now)
        await self._stalls.look(measured)
        if time.monotonic() >= self._flush_at:
            self._flush_at = time.monotonic() + _FLUSH_SECONDS
            await self._metrics.flush(now)
