"""Events that wait to be stored."""

from collections.abc import Iterable

from engineroom.model.event import Event
from engineroom.store import Store
from engineroom.store.queries import events


class Outbox:
    """Keeps events until they are stored: none is left out, and one whose write is repeated is there once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events: list[Event] = []

    def add(self, new: Iterable[Event]) -> None:
        """Have these events stored with the next `flush`."""
        self._events += new

    async def flush(self, new: Iterable[Event] = ()) -> None:
        """Store these events behind those that wait. When it raises, all of them go on waiting."""
        self.add(new)
        told = list(self._events)
        if told:
            await self._store.write(lambda connection: events.add(connection, told))
            del self._events[: len(told)]
