"""When a process that died starts again."""

from collections import defaultdict, deque
from collections.abc import Collection
from typing import NamedTuple

YOUNG_SECONDS = 10.0
"""A life shorter than this that ended in a failure counts as a young death."""

MAX_DELAY_SECONDS = 60.0

CRASH_LOOPING_FROM = 3
"""From this many young deaths in a row on, a process is shown as crash looping."""

SHARED_CAUSE_SECONDS = 1.0
"""Processes of one family that die young within this time have died of the same cause."""

QUICK_SECONDS = 0.2
"""A life shorter than this has hardly begun: a worker of any language takes about as long to start."""

TIGHT_LOOP_FROM = 10
"""From this many quick lives in a row on, of which none had to be waited for as a failure, a process is in a tight loop."""

TIGHT_LOOP_DELAY_SECONDS = 1.0
"""One in a tight loop starts once a second or so: it burns no processor, and finds work soon after that has come."""

MAX_HERD_SECONDS = 5.0
_HERD_SECONDS = 0.2
_JITTER = 0.25


class Streak(NamedTuple):
    """What the last lives of a process had in common: failures that came young, and lives that were over at once."""

    young_deaths: int = 0
    quick_lives: int = 0

    @property
    def is_tight_loop(self) -> bool:
        """Whether the process ends as it should, but at once, again and again."""
        return self.quick_lives >= TIGHT_LOOP_FROM


def is_expected(code: int | None, expected_exit_codes: Collection[int]) -> bool:
    """Return whether a life that ended with this code did what it was to do; None is a signal, or an unknown end."""
    return code is not None and code in expected_exit_codes


def after_life(before: Streak, lived_seconds: float, *, expected: bool) -> Streak:
    """Return the streak after one more life.

    A worker that recycles itself has not failed, however short its life was. A failure that is waited for ends a streak of
    quick lives, since what waits does not loop.
    """
    young = 0 if expected or lived_seconds >= YOUNG_SECONDS else before.young_deaths + 1
    quick = lived_seconds < QUICK_SECONDS and young < 2
    return Streak(young, before.quick_lives + 1 if quick else 0)


def delay_seconds(streak: Streak, spread: float, companions: int = 0) -> float:
    """Return how long to wait before the next start, after a streak of which the last life is the newest."""
    loop = TIGHT_LOOP_DELAY_SECONDS if streak.is_tight_loop else 0.0
    return max(loop, _back_off_seconds(streak.young_deaths, spread, companions))


def _back_off_seconds(young_deaths: int, spread: float, companions: int) -> float:
    """Return how long to wait after this many young deaths in a row: 0, 1, 2, 4 … 60 s.

    `spread` in [0, 1) takes up to a quarter off, so that processes that died together do not start together again.
    `companions` have died young with it just now, so the cause is a shared one: then they come back one after the other,
    spread over a fifth of a second for each, also after a first young death.
    """
    herd = min(MAX_HERD_SECONDS, companions * _HERD_SECONDS) * spread
    if young_deaths == 0:
        return 0.0
    if young_deaths == 1:
        return herd
    full: float = min(MAX_DELAY_SECONDS, 2.0 ** min(young_deaths - 2, 16))
    return min(MAX_DELAY_SECONDS, full * (1.0 - _JITTER * spread) + herd)


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
