"""What one snapshot alone does not tell: how many jobs were taken since the one before, and how old the head is."""

from dataclasses import dataclass, field

from engineroom.model.queue import Age, Flow, Measurement
from engineroom.queues.base import Snapshot


@dataclass(slots=True)
class Tracker:
    """Remembers one queue from one snapshot to the next. `now` is always seconds of a clock that only goes forward."""

    _before: Snapshot | None = None
    _before_at: float = 0.0
    _head_since: float = 0.0
    _empty_at: float | None = field(default=None)

    def take(self, snapshot: Snapshot, now: float) -> Measurement:
        """Return the measurement that this snapshot and those before it make."""
        flow = self._flow(snapshot, now)
        oldest = self._oldest(snapshot, now)
        self._before, self._before_at = snapshot, now
        return Measurement(
            waiting=snapshot.waiting,
            due=snapshot.due,
            delayed=snapshot.delayed,
            reserved=snapshot.reserved,
            expired=snapshot.expired,
            at_least=snapshot.at_least,
            oldest=oldest,
            flow=flow,
            failed=snapshot.failed,
            head=snapshot.window[0] if snapshot.window else None,
        )

    def _oldest(self, snapshot: Snapshot, now: float) -> Age | None:
        if not snapshot.waiting:
            self._empty_at = now
            return None
        head = snapshot.window[:1]
        if self._before is None or not head or self._before.window[:1] != head:
            self._head_since = now
        most = None if self._empty_at is None else now - self._empty_at
        if snapshot.oldest_age_seconds is not None:
            # What the payload says is of another clock, which may have jumped; what was seen is not.
            age = snapshot.oldest_age_seconds if most is None else min(snapshot.oldest_age_seconds, most)
            return Age(at_least_seconds=age, at_most_seconds=age)
        return Age(at_least_seconds=now - self._head_since if head else 0.0, at_most_seconds=most)

    def _flow(self, snapshot: Snapshot, now: float) -> Flow | None:
        before, seconds = self._before, now - self._before_at
        if before is None or seconds <= 0:
            return None
        if None not in (before.arrived, before.finished, snapshot.arrived, snapshot.finished):
            return _counted(before, snapshot, seconds)
        grown = _available(snapshot) - _available(before)
        taken, exactly = _taken(before, snapshot, grown)
        return Flow(
            seconds=seconds,
            taken=taken,
            taken_all=exactly,
            arrived=max(0, grown + taken) if exactly else None,
        )


def _available(snapshot: Snapshot) -> int:
    return snapshot.waiting + snapshot.due + snapshot.expired


def _counted(before: Snapshot, now: Snapshot, seconds: float) -> Flow | None:
    """Return the flow by the server's own counters; None when it was restarted and they began anew."""
    arrived = (now.arrived or 0) - (before.arrived or 0)
    finished = (now.finished or 0) - (before.finished or 0)
    if arrived < 0 or finished < 0:
        return None
    return Flow(seconds=seconds, taken=finished, taken_all=True, arrived=arrived)


def _taken(before: Snapshot, now: Snapshot, grown: int) -> tuple[int, bool]:
    """Return how many jobs were taken, and whether those are all.

    What was the n-th of the queue and is now its first has seen n jobs go. Where that is out of sight, what the queue has
    shrunk by has been taken at least, and so has all that was in sight.
    """
    if now.window and now.window[0] in before.window:
        return before.window.index(now.window[0]), True
    return max(len(before.window), -grown), not before.window and grown == 0
