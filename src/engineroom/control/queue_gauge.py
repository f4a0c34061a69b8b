"""How long the queues of all workers are: of those that are scaled as the autoscaler measured them, of the others here."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from engineroom.control.places import Places
from engineroom.control.scaling_state import ScalingState
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.queue import Measurement, Unknown, together
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.queues.meter import Meter
from engineroom.store.scaled import Scaled
from engineroom.store.wanted import Wanted

_UNUSED_SECONDS = 60.0


class QueueGauge:
    """Measures queues. What cannot be measured is left out: it is not known."""

    def __init__(self, scaling: Callable[[BackgroundProcessId], ScalingState | None]) -> None:
        self._scaling = scaling
        self._meter = Meter()
        self._places = Places()

    async def read(self, rows: Iterable[Wanted]) -> Mapping[BackgroundProcessId, Measurement]:
        """Return what is known of the queues of these workers."""
        workers = [row for row in rows if row.background_process.config is not None]
        measured = await asyncio.gather(*(self._measure(row) for row in workers))
        await self._meter.forget_unused(_UNUSED_SECONDS)
        self._places.forget_unused()
        return {
            row.background_process.id: found
            for row, found in zip(workers, measured, strict=True)
            if isinstance(found, Measurement)
        }

    async def close(self) -> None:
        """Disconnect from everything."""
        await self._meter.close()

    async def _measure(self, row: Wanted) -> Measurement | Unknown:
        state = self._scaling(row.background_process.id)
        if state is not None:
            return state.queue
        place = await self._places.of(Scaled(wanted=row, settings=ScalingSettings(), scale=None))
        if isinstance(place, Unknown):
            return place
        queues = [self._meter.measure(place.connection, queue) for queue in place.queues]
        return together(await asyncio.gather(*queues))
