"""What the rules of alerts look at: the present value of everything that an alert may be about, and its names."""

import shutil
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engineroom.control.observing.misunderstandings import Misunderstandings
from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.model.membership import LostHost
from engineroom.telemetry.alerts.origin import Origin
from engineroom.telemetry.alerts.rules import KEEPER, AlertSubject, RuleName

_FAILED_WITHIN_SECONDS = 600

Values = Mapping[AlertSubject, float | None]
"""By subject; None is not known."""


class AlertValues:
    """Values from what was observed, from the disk of `folder`, and from what is known of keeper and hosts.

    `lost` returns the other hosts that are lost, where there are others. `node` is what this host is called.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reachable: Callable[[], bool],
        lost: Callable[[], Sequence[LostHost]] = tuple,
        misunderstandings: Misunderstandings | None = None,
        node: str = "",
    ) -> None:
        self.node = node
        self._folder = folder
        self._reachable = reachable
        self._lost = lost
        self._misunderstandings = misunderstandings or Misunderstandings()
        self._failed_jobs: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)

    def of(self, observed: Sequence[ObservedBackgroundProcess], now: float) -> Values:
        """Return the values at this moment, in seconds since 1970."""
        values: dict[AlertSubject, float | None] = {
            AlertSubject(RuleName.DISK_NEARLY_FULL, ""): _disk_percent(self._folder),
            AlertSubject(RuleName.KEEPER_LOST, ""): 0.0 if self._reachable() else 1.0,
            AlertSubject(RuleName.KEEPER_MISUNDERSTOOD, KEEPER): self._misunderstandings.count,
        }
        for each in observed:
            id, sample = each.background_process, each.sample
            values[AlertSubject(RuleName.CRASH_LOOP, id)] = each.crash_looping
            values[AlertSubject(RuleName.PROCESS_MISSING, id)] = each.missing
            values[AlertSubject(RuleName.OLDEST_JOB, id)] = (
                0.0 if sample.queue_length == 0 else sample.oldest_age_seconds
            )
            values[AlertSubject(RuleName.FAILED_JOBS, id)] = self._newly_failed(id, sample.failed_jobs, now)
        return {**values, **_hosts(self._lost())}

    def origins(self, observed: Sequence[ObservedBackgroundProcess]) -> Mapping[str, Origin]:
        """Return what people call each subject, by its id."""
        origins = {"": Origin(node=self.node)} | {each.host: Origin(node=each.name) for each in self._lost()}
        origins[KEEPER] = Origin(node=self.node, reason=self._misunderstandings.reason)
        return origins | {each.background_process: _origin(each, self.node) for each in observed}

    def _newly_failed(self, id: str, failed: float | None, now: float) -> float | None:
        """Return how many jobs failed lately; None while that is not known."""
        if failed is None:
            return None
        seen = self._failed_jobs[id]
        if seen and (failed < seen[-1][1] or now < seen[-1][0]):
            # Somebody has cleared them, or has set the clock back.
            seen.clear()
        seen.append((now, failed))
        while seen[0][0] < now - _FAILED_WITHIN_SECONDS:
            seen.popleft()
        return failed - seen[0][1]


def _hosts(lost: Sequence[LostHost]) -> Values:
    """Return how many environments belong to each; unknown where another server notifies: nobody hears twice."""
    return {
        AlertSubject(RuleName.HOST_LOST, each.host): each.environments if each.is_told_here else None
        for each in lost
    }


def _origin(observed: ObservedBackgroundProcess, node: str) -> Origin:
    return Origin(
        application=observed.application_name,
        environment=observed.environment_name,
        process=observed.name,
        node=node,
        reason=observed.reason,
    )


def _disk_percent(folder: Path) -> float | None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return 100 * (1 - usage.free / usage.total)
