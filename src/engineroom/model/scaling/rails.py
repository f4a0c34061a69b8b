"""What keeps a scale from flapping and from running away, whatever the formula says."""

import math
from collections import deque
from dataclasses import dataclass, field

TOLERANCE = 0.1
"""A need that differs from what there is by less than this share is no reason to do anything."""

DOWN_WINDOW_SECONDS = 60.0
"""The scale goes down only to the highest that was needed for so long. A process starts in a second, so that what was given
up too early is soon back; the simulation in `benchmarks` shows what longer ones cost."""

REPLICA_DOWN_WINDOW_SECONDS = 300.0
"""The same for replicas (Kubernetes' default)."""

_UP_STEP = 4


@dataclass(slots=True)
class Rails:
    """Remembers what was recommended. A new one begins with what there is: a restart holds the present scale."""

    down_window_seconds: float = DOWN_WINDOW_SECONDS
    _recommended: deque[tuple[float, int]] = field(default_factory=deque)

    def guide(self, now_seconds: float, present: int, needed: float) -> tuple[int, str]:
        """Return how many there should be when `needed` are, and what kept it from being just that."""
        if not self._recommended:
            self._recommended.append((now_seconds, present))
        wanted = whole(needed, present)
        while self._recommended and self._recommended[-1][1] <= wanted:
            self._recommended.pop()
        self._recommended.append((now_seconds, wanted))
        while self._recommended[0][0] <= now_seconds - self.down_window_seconds:
            self._recommended.popleft()
        highest = self._recommended[0][1]
        if wanted > present:
            step = max(_UP_STEP, present)
            if wanted > present + step:
                return present + step, f"{wanted} in steps of at most {step}"
            return wanted, ""
        if highest < present:
            return highest, "" if highest == wanted else f"{highest} were needed a while ago"
        if wanted < present:
            return present, f"as many were needed in the last {self.down_window_seconds:.0f} s"
        return present, ""

    def forget(self) -> None:
        """Begin anew."""
        self._recommended.clear()


def whole(needed: float, present: int) -> int:
    """Return the whole number of processes, which is the present one within the tolerance."""
    if present and abs(needed / present - 1.0) <= TOLERANCE:
        return present
    return math.ceil(round(needed, 6))
