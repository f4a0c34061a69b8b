"""How often a token may call: the contract's buckets (contract sheet, section 1.11), counted in windows of a minute."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

WINDOW_SECONDS = 60.0
ORDINARY_LIMIT = 120
_MAX_WINDOWS = 20_000
"""A window is some 200 bytes; beyond this many the oldest are forgotten, whoever they belong to."""


class Bucket(Enum):
    """What is counted together, and its share of the ordinary limit: 120 calls a minute, 60 or 30."""

    ORDINARY = ("ordinary", Fraction(1))
    APPLICATION_CREATE = ("application create", Fraction(1, 4))
    ENVIRONMENT_CREATE = ("environment create", Fraction(1, 4))
    INSTANCE_CHANGE = ("instance create and update", Fraction(1, 4))
    ENVIRONMENT_LOGS = ("environment logs", Fraction(1, 4))
    IP = ("ip", Fraction(1, 2))

    @property
    def share(self) -> Fraction:
        """The part of the ordinary limit that this bucket has."""
        return self.value[1]


@dataclass(slots=True)
class _Window:
    ends: float
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller is told with every answer. `retry_after_seconds` is None unless the call is one too many."""

    limit: int
    remaining: int
    retry_after_seconds: int | None = None


class RateLimits:
    """Counts the calls of every caller. An ordinary limit of 0 lets everybody call as often as they like."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._off = per_minute == 0
        of = per_minute or ORDINARY_LIMIT
        self._limits = {bucket: max(1, math.floor(of * bucket.share)) for bucket in Bucket}
        self._windows: OrderedDict[tuple[Bucket, str], _Window] = OrderedDict()

    def take(self, bucket: Bucket, caller: str) -> Allowance:
        """Count one call of `caller`, and return what is left."""
        limit = self._limits[bucket]
        if self._off:
            return Allowance(limit, limit)
        now = self._clock()
        window = self._window((bucket, caller), now)
        if window.calls >= limit:
            return Allowance(limit, 0, max(1, math.ceil(window.ends - now)))
        window.calls += 1
        return Allowance(limit, limit - window.calls)

    def _window(self, key: tuple[Bucket, str], now: float) -> _Window:
        """Return the caller's present window. The windows are in the order of their ends."""
        window = self._windows.get(key)
        if window is not None and window.ends > now:
            return window
        self._windows.pop(key, None)
        self._forget(now)
        window = self._windows[key] = _Window(now + WINDOW_SECONDS)
        return window

    def _forget(self, now: float) -> None:
        """Forget the windows that are over, and the oldest when there are too many."""
        while self._windows:
            oldest = next(iter(self._windows.values()))
            if oldest.ends > now and len(self._windows) < _MAX_WINDOWS:
                return
            self._windows.popitem(last=False)
