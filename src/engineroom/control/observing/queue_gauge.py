"""How long the queues of all workers are: of those that are scaled as the autoscaler measured them, of the others here."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from engineroom.control.queues.reader import QueueReader
from engineroom.control.scaling.state import ScalingState
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.settings import DEFAULT_SCALING_SETTINGS
from engineroom.store.queries.wanted import Wanted


class QueueGauge:
    """Measures queues. What cannot be measured is left out: it is not known."""

    def __init__(
        self, scaling: Callable[[BackgroundProcessId], ScalingState | None], reader: QueueReader
    ) -> None:
        self._scaling = scaling
        self._reader = reader

    async def read(self, rows: Iterable[Wanted]) -> Mapping[BackgroundProcessId, Measurement]:
        """Return what is known of the queues of these workers."""
        workers = [row for row in rows if self._takes_jobs(row)]
        measured = await asyncio.gather(*(self._measure(row) for row in workers))
        await self._reader.forget_unused()
        return {
            row.background_process.id: found
            for row, found in zip(workers, measured, strict=True)
            if isinstance(found, Measurement)
        }

    def _takes_jobs(self, row: Wanted) -> bool:
        return (
            row.background_process.config is not None or self._scaling(row.background_process.id) is not None
        )

    async def _measure(self, row: Wanted) -> Measurement | Unknown:
        state = self._scaling(row.background_process.id)
        if state is not None:
            return state.queue
        return (await self._reader.read(row, DEFAULT_SCALING_SETTINGS)).measured
