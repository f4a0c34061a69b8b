"""When a process that died starts again."""

YOUNG_SECONDS = 10.0
"""A life shorter than this counts as a young death."""

LONGEST_DELAY_SECONDS = 60.0

CRASH_LOOPING_FROM = 3
"""From this many young deaths in a row on, a process is shown as crash looping."""

_JITTER = 0.25


def is_young(lived_seconds: float) -> bool:
    """Return whether a life of this length counts as a young death."""
    return lived_seconds < YOUNG_SECONDS


def delay_seconds(young_deaths: int, spread: float) -> float:
    """Return how long to wait after this many young deaths in a row: 0, 1, 2, 4 … 60 s.

    `spread` in [0, 1) takes up to a quarter off, so that processes that died together do not start together again.
    """
    if young_deaths <= 1:
        return 0.0
    full: float = min(LONGEST_DELAY_SECONDS, 2.0 ** min(young_deaths - 2, 16))
    return full * (1.0 - _JITTER * spread)
