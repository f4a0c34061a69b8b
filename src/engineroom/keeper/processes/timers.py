"""When to do what next: one deadline a key."""

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """Deadlines by key, on the monotonic clock. Setting a key again moves its deadline."""

    def __init__(self) -> None:
        self._deadlines: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0

    def set(self, key: Key, deadline: float) -> None:
        """Have `key` come due at `deadline`."""
        self._deadlines[key] = deadline
        self._count += 1
        heapq.heappush(self._heap, (deadline, self._count, key))

    def clear(self, key: Key) -> None:
        """Have `key` not come due."""
        self._deadlines.pop(key, None)

    def next(self) -> float | None:
        """Return the earliest deadline; None when there is none."""
        while self._heap and self._is_stale(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[Key]:
        """Yield, and forget, each key whose deadline is not after `now`."""
        while (deadline := self.next()) is not None and deadline <= now:
            key = heapq.heappop(self._heap)[2]
            del self._deadlines[key]
            yield key

    def _is_stale(self, entry: tuple[float, int, Key]) -> bool:
        return self._deadlines.get(entry[2]) != entry[0]
