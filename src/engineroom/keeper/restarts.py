"""When a process that died starts again."""

from collections import defaultdict, deque

YOUNG_SECONDS = 10.0
"""A life shorter than this counts as a young death."""

LONGEST_DELAY_SECONDS = 60.0

CRASH_LOOPING_FROM = 3
"""From this many young deaths in a row on, a process is shown as crash looping."""

SHARED_CAUSE_SECONDS = 1.0
"""Processes of one family that die young within this time have died of the same cause."""

LONGEST_HERD_SECONDS = 5.0
_HERD_SECONDS = 0.2
_JITTER = 0.25


def is_young(lived_seconds: float) -> bool:
    """Return whether a life of this length counts as a young death."""
    return lived_seconds < YOUNG_SECONDS


def delay_seconds(young_deaths: int, spread: float, companions: int = 0) -> float:
    """Return how long to wait after this many young deaths in a row: 0, 1, 2, 4 … 60 s.

    `spread` in [0, 1) takes up to a quarter off, so that processes that died together do not start together again.
    `companions` have died young with it just now, so the cause is a shared one: then they come back one after the other,
    spread over a fifth of a second for each, also after a first young death.
    """
    herd = min(LONGEST_HERD_SECONDS, companions * _HERD_SECONDS) * spread
    if young_deaths == 0:
        return 0.0
    if young_deaths == 1:
        return herd
    full: float = min(LONGEST_DELAY_SECONDS, 2.0 ** min(young_deaths - 2, 16))
    return min(LONGEST_DELAY_SECONDS, full * (1.0 - _JITTER * spread) + herd)


class RecentDeaths:
    """How many of each family have died young in the last second."""

    def __init__(self) -> None:
        self._deaths: defaultdict[str, deque[float]] = defaultdict(deque)

    def note(self, family: str, now: float) -> int:
        """Take in a young death; return how many others there were in the last second."""
        if not family:
            return 0
        deaths = self._deaths[family]
        while deaths and deaths[0] < now - SHARED_CAUSE_SECONDS:
            deaths.popleft()
        deaths.append(now)
        return len(deaths) - 1

    def forget(self, family: str) -> None:
        """Drop the memory of a family that is gone."""
        self._deaths.pop(family, None)
