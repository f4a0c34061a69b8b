"""Whether workers that have nothing to do may go, all of them, and when the first must be back."""

from dataclasses import dataclass

from engineroom.model.queue import Measurement, Unknown


@dataclass(slots=True)
class Sleeper:
    """Remembers since when there was nothing to do."""

    _idle_since: float | None = None

    def floor(
        self, now_seconds: float, queue: Measurement | Unknown, present: int, sleep_after_seconds: int | None
    ) -> int:
        """Return how many processes must run at least: one, or none after so long without work.

        A job that is delayed is no work yet; one that is due, or that a worker lost, is. What is not known changes nothing.
        """
        if sleep_after_seconds is None:
            return 1
        if isinstance(queue, Unknown):
            return min(1, present)
        if queue.available or queue.reserved:
            self._idle_since = None
            return 1
        if self._idle_since is None:
            self._idle_since = now_seconds
        asleep = present == 0 or now_seconds - self._idle_since >= sleep_after_seconds
        return 0 if asleep else 1
