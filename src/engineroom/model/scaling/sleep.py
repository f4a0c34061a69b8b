"""Whether workers that have nothing to do may go, all of them, and when the first must be back."""

from dataclasses import dataclass

from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.settings import ScalingSettings


def after_seconds(
    asked: ScalingSettings, *, hibernation_timeout_minutes: int | None, with_app: bool, takes_jobs: bool
) -> int | None:
    """Return after how long without work nothing is left running; None: one process always runs.

    In an environment that hibernates, what takes jobs sleeps on the app's own instance, and on another one where that
    sleeps `with_app`. What takes no jobs could not be woken by one.
    """
    if asked.sleep_after_seconds is not None:
        return asked.sleep_after_seconds
    if hibernation_timeout_minutes is None or not with_app or not takes_jobs:
        return None
    return hibernation_timeout_minutes * 60


@dataclass(slots=True)
class Sleeper:
    """Remembers since when there was nothing to do."""

    _idle_since: float | None = None

    def floor(
        self, now_seconds: float, queue: Measurement | Unknown, present: int, sleep_after_seconds: int | None
    ) -> int:
        """Return how many processes must run at least: one, or none after so long without work.

        A job that is delayed is no work yet; one that is due, or that a worker lost, is. What is not known changes nothing,
        and is no time without work.
        """
        if sleep_after_seconds is None:
            return 1
        if isinstance(queue, Unknown):
            self._idle_since = None
            return min(1, present)
        if queue.available or queue.reserved:
            self._idle_since = None
            return 1
        if self._idle_since is None:
            self._idle_since = now_seconds
        asleep = present == 0 or now_seconds - self._idle_since >= sleep_after_seconds
        return 0 if asleep else 1
