"""A driver whose work is done by a process of the user whose queues they are."""

from collections.abc import Callable

import msgspec

from engineroom.queues.base import QueueConnection, Snapshot, UnmeasurableError, UnmeasurableQueueError
from engineroom.queues.isolated.pool import Pool
from engineroom.queues.isolated.wire import Counts, Reply, Unmeasured


class IsolatedDriver:
    """See `engineroom.queues.base.Driver`. It remembers what the processes, which come and go, must not forget."""

    def __init__(self, pool: Pool, connection: QueueConnection) -> None:
        self._pool = pool
        self._connection = connection
        self._seen: set[str] = set()

    async def snapshot(self, queue: str) -> Snapshot:
        """See Driver.snapshot."""
        measured = await self._pool.measure(self._connection, queue, seen=queue in self._seen)
        found = _snapshot(measured)
        if found.waiting or found.due or found.delayed or found.reserved or found.expired:
            self.remember(queue)
        return found

    def remember(self, queue: str) -> None:
        """See Driver.remember."""
        self._seen.add(queue)

    async def close(self) -> None:
        """See Driver.close."""
        await self._pool.forget(self._connection)


def isolated(pool: Pool) -> Callable[[QueueConnection], IsolatedDriver]:
    """Return what makes drivers whose work this pool does."""
    return lambda connection: IsolatedDriver(pool, connection)


def _snapshot(measured: Reply) -> Snapshot:
    if isinstance(measured, Unmeasured):
        kind = UnmeasurableQueueError if measured.queue_alone else UnmeasurableError
        raise kind(measured.why)
    try:
        return msgspec.json.decode(measured.counts, type=Counts).snapshot()
    except msgspec.DecodeError as error:
        raise UnmeasurableError(f"its server tells figures that make no sense ({error})") from None
