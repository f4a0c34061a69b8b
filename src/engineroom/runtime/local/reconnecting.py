"""How long to wait before the keeper is connected to again: not at all at first, longer while connections do not last."""

_FIRST_PAUSE_SECONDS = 0.05
_MAX_PAUSE_SECONDS = 30.0
_GOOD_SECONDS = 1.0
_GOOD_AFTER_MISUNDERSTANDING_SECONDS = 60.0


class Pauses:
    """Counts the connections that came to a bad end, one after another."""

    def __init__(self) -> None:
        self._bad = 0

    def next_seconds(self, lasted_seconds: float, *, misunderstood: bool) -> float:
        """Return how long to wait after a connection that lasted so long, and may have ended by a misunderstanding."""
        good = _GOOD_AFTER_MISUNDERSTANDING_SECONDS if misunderstood else _GOOD_SECONDS
        if lasted_seconds >= good:
            self._bad = 0
        pause = pause_seconds(self._bad)
        self._bad += 1
        return pause


def pause_seconds(failures: int) -> float:
    """Return how long to wait after so many failures in a row."""
    if failures == 0:
        return 0.0
    return float(min(_MAX_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 16)))
