"""Finds where workers take their jobs from, and measures that: one place for everyone who wants to know."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from engineroom.control.queues.locator import LocatedQueues, QueueLocator
from engineroom.model.queue import Measurement, Unknown, together
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.queues.isolated.driver import isolated
from engineroom.queues.isolated.pool import Pool
from engineroom.queues.meter import ANSWER_SECONDS, Meter
from engineroom.queues.networks import ANY_NETWORK, Networks
from engineroom.sandbox import Account, Sandbox
from engineroom.store.queries.wanted import Wanted

PATIENCE_SECONDS = 0.8
"""Who asks waits no longer: a server that does not answer must not hold up what has its queues at another one."""
_UNUSED_SECONDS = 60.0
_TURN_SECONDS = 30.0
"""A question may wait for its turn, when it has to be asked alone; each takes its own time then."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class QueueReading:
    """The queues of a worker, taken together, and their names; none when it is not known where they are."""

    measured: Measurement | Unknown
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _User:
    """What measures the queues of one user."""

    pool: Pool
    meter: Meter


class QueueReader:
    """Measures queues, each as the user whose application it is. `clock` only goes forward."""

    def __init__(
        self,
        sandbox: Sandbox,
        clock: Callable[[], float] = time.monotonic,
        networks: Networks = ANY_NETWORK,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self._networks = networks
        self._patience_seconds = patience_seconds
        self._places = QueueLocator(sandbox, patience_seconds=patience_seconds)
        self._users: dict[Account, _User] = {}
        self._asking: dict[LocatedQueues, asyncio.Task[Measurement | Unknown]] = {}

    async def read(self, row: Wanted, settings: ScalingSettings) -> QueueReading:
        """Return what is known now of the queues that a background process takes its jobs from; it never raises."""
        try:
            return await self._read(row, settings)
        except Exception as error:  # noqa: BLE001
            # One value that nobody thought of must not stop the scaling of all the others.
            _log.exception(
                "Cannot measure a queue.", action="queue.failed", background_process=row.background_process.id
            )
            return QueueReading(Unknown(f"measuring it failed: {type(error).__name__}; the log says more"))

    async def _read(self, row: Wanted, settings: ScalingSettings) -> QueueReading:
        located = await self._places.of(row, settings)
        if isinstance(located, Unknown):
            return QueueReading(located)
        if located not in self._asking:
            self._asking[located] = asyncio.create_task(self._measure(located))
        asking = self._asking[located]
        await asyncio.wait([asking], timeout=self._patience_seconds)
        if not asking.done():
            return QueueReading(Unknown("its server takes long to answer"), located.location.queues)
        if self._asking.get(located) is asking:
            del self._asking[located]
        return QueueReading(asking.result(), located.location.queues)

    async def forget_unused(self) -> None:
        """Let go of what nobody asked for lately."""
        self._places.forget_unused()
        for account, user in list(self._users.items()):
            await user.meter.forget_unused(_UNUSED_SECONDS)
            if user.meter.idle:
                user.pool.close()
                self._users.pop(account, None)

    async def close(self) -> None:
        """Disconnect from everything."""
        for asking in self._asking.values():
            asking.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        self._asking.clear()
        await self._places.close()
        for user in self._users.values():
            await user.meter.close()
            user.pool.close()
        self._users.clear()

    async def _measure(self, located: LocatedQueues) -> Measurement | Unknown:
        user = self._user(located)
        location = located.location
        return together(
            await asyncio.gather(
                *(user.meter.measure(location.connection, queue) for queue in location.queues)
            )
        )

    def _user(self, located: LocatedQueues) -> _User:
        user = self._users.get(located.account)
        if user is None:
            pool = Pool(self._sandbox, located.account, self._networks, ANSWER_SECONDS)
            meter = Meter(self._clock, isolated(pool), answer_seconds=ANSWER_SECONDS + _TURN_SECONDS)
            user = self._users[located.account] = _User(pool, meter)
        user.pool.tenant = located.tenant
        return user
