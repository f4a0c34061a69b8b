"""What the keeper said lately that makes no sense: somebody has to look, as it does not mend itself."""

import time
from collections import deque
from collections.abc import Callable, Iterable

from engineroom.model.event import KEEPER_MISUNDERSTOOD, Event

WITHIN_SECONDS = 300.0
"""Longer than the longest pause before the keeper is connected to again: while it goes on it is not over."""
_MAX_COUNTED = 1000


class Misunderstandings:
    """Counts what was told of within five minutes. `clock` only goes forward, whatever happens to the host's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known_since = clock() + WITHIN_SECONDS
        self._moments: deque[float] = deque(maxlen=_MAX_COUNTED)
        self.reason = ""
        """What was wrong with the last one."""

    def take(self, events: Iterable[Event]) -> None:
        """Take in what the runtime has told."""
        for event in events:
            if event.kind == KEEPER_MISUNDERSTOOD:
                self._moments.append(self._clock())
                self.reason = str(event.data.get("reason", ""))

    @property
    def count(self) -> float | None:
        """How many there were within five minutes; None as long as that is not known, after the start of a server."""
        now = self._clock()
        while self._moments and self._moments[0] <= now - WITHIN_SECONDS:
            self._moments.popleft()
        if self._moments:
            return float(len(self._moments))
        return None if now < self._known_since else 0.0
