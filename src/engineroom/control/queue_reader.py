"""Finds where workers take their jobs from, and measures that: one place for everyone who wants to know."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from engineroom.control.places import Places
from engineroom.model.queue import Measurement, Unknown, together
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.queues.discovery import Place
from engineroom.queues.meter import Meter
from engineroom.store.wanted import Wanted

PATIENCE_SECONDS = 0.8
"""Who asks waits no longer: a server that does not answer must not hold up what has its queues at another one."""
_UNUSED_SECONDS = 60.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """The queues of a worker, taken together, and their names; none when it is not known where they are."""

    measured: Measurement | Unknown
    queues: tuple[str, ...] = ()


class QueueReader:
    """Measures queues. `clock` only goes forward."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._patience_seconds = patience_seconds
        self._places = Places()
        self._meter = Meter(clock)
        self._asking: dict[Place, asyncio.Task[Measurement | Unknown]] = {}

    async def read(self, row: Wanted, settings: ScalingSettings) -> Seen:
        """Return what is known now of the queues that a background process takes its jobs from; it never raises."""
        try:
            return await self._read(row, settings)
        except Exception as error:  # noqa: BLE001
            # One value that nobody thought of must not stop the scaling of all the others.
            _log.exception(
                "Cannot measure a queue.", action="queue.failed", background_process=row.background_process.id
            )
            return Seen(Unknown(f"measuring it failed: {type(error).__name__}; the log says more"))

    async def _read(self, row: Wanted, settings: ScalingSettings) -> Seen:
        place = await self._places.of(row, settings)
        if isinstance(place, Unknown):
            return Seen(place)
        if place not in self._asking:
            self._asking[place] = asyncio.create_task(self._measure(place))
        asking = self._asking[place]
        await asyncio.wait([asking], timeout=self._patience_seconds)
        if not asking.done():
            return Seen(Unknown("its server takes long to answer"), place.queues)
        if self._asking.get(place) is asking:
            del self._asking[place]
        return Seen(asking.result(), place.queues)

    async def forget_unused(self) -> None:
        """Let go of what nobody asked for lately."""
        self._places.forget_unused()
        await self._meter.forget_unused(_UNUSED_SECONDS)

    async def close(self) -> None:
        """Disconnect from everything."""
        for asking in self._asking.values():
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        self._asking.clear()
        await self._meter.close()

    async def _measure(self, place: Place) -> Measurement | Unknown:
        measured = [self._meter.measure(place.connection, queue) for queue in place.queues]
        return together(await asyncio.gather(*measured))
