"""What an OS process has done so far, and whether that is work."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BUSY_SHARE = 0.1
"""Of a core; an idle worker that asks for jobs uses about a hundredth."""

_SLACK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One process: its CPU time with that of ended children, its memory, how often it waited, whether it has children."""

    cpu_seconds: float
    memory_bytes: int
    waits: int
    has_children: bool


@dataclass(slots=True)
class _TrackedProcess:
    activity: Activity
    at: float
    waited_at: float
    cores: float = 0.0


@dataclass(slots=True)
class ActivityTracker:
    """Processes by id, from one look to the next. `now` is always seconds of a clock that only goes forward."""

    _seen: dict[str, _TrackedProcess] = field(default_factory=dict)

    def look(self, now: float, activities: Mapping[str, Activity]) -> None:
        """Take in what the processes have done; those that are not named are gone."""
        self._seen = {id: self._next(self._seen.get(id), now, found) for id, found in activities.items()}

    def busy(self, now: float, poll_seconds: float) -> frozenset[str]:
        """Return the processes that are known to work.

        They burn CPU, or have children; or they have not begun to wait anew for longer than a worker without work waits
        before it asks again: then they are in the middle of a job that waits for something itself.
        """
        return frozenset(
            id
            for id, seen in self._seen.items()
            if seen.cores >= BUSY_SHARE
            or seen.activity.has_children
            or now - seen.waited_at > poll_seconds + _SLACK_SECONDS
        )

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def cpu_seconds(self) -> float:
        """All of them together."""
        return sum(seen.activity.cpu_seconds for seen in self._seen.values())

    @property
    def memory_bytes(self) -> int:
        """All of them together."""
        return sum(seen.activity.memory_bytes for seen in self._seen.values())

    @property
    def cores(self) -> float:
        """How many cores all of them together use."""
        return sum(seen.cores for seen in self._seen.values())

    @property
    def mean_memory_bytes(self) -> int | None:
        """Of one process; None when there is none."""
        return self.memory_bytes // len(self._seen) if self._seen else None

    @property
    def mean_cores(self) -> float | None:
        """Of one process; None when there is none."""
        return self.cores / len(self._seen) if self._seen else None

    def _next(self, before: _TrackedProcess | None, now: float, found: Activity) -> _TrackedProcess:
        if before is None:
            return _TrackedProcess(found, now, now)
        waited_at = now if found.waits != before.activity.waits else before.waited_at
        seconds = now - before.at
        cores = (found.cpu_seconds - before.activity.cpu_seconds) / seconds if seconds > 0 else before.cores
        return _TrackedProcess(found, now, waited_at, cores)
