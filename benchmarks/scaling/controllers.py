"""Who decides how many processes there are. Each sees a queue only as it could, and only as often as it does."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from engineroom.model.processes.background_process import StrategyType
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.observation import Observation, ScaleBounds
from engineroom.model.scaling.scaler import Scaler
from engineroom.model.scaling.strategies import Strategy

MOST = 10


@dataclass(frozen=True, slots=True)
class View:
    """A queue and its processes. `asked` are those that were last asked for, `terminating` those that still drain."""

    now: float
    queue: Measurement | Unknown
    asked: int
    running: int
    terminating: int


class Controller(Protocol):
    """Decides from time to time."""

    every_seconds: float

    def decide(self, view: View) -> int:
        """Return how many processes there should be."""


class Fixed:
    """All the processes that there may be, always."""

    every_seconds = 60.0

    def decide(self, view: View) -> int:
        """See Controller.decide."""
        del view
        return MOST


class Horizon:
    """Laravel Horizon's AutoScaler with one pool and its defaults: a shift of one process every three seconds.

    The share of a lone queue in all work is one, so that it heads for the maximum as soon as anything waits.
    """

    every_seconds = 3.0

    def decide(self, view: View) -> int:
        """See Controller.decide."""
        if isinstance(view.queue, Unknown):
            return view.asked
        desired = MOST if view.queue.waiting else 1
        all_of_them = view.asked + view.terminating
        if desired > view.asked:
            return min(view.asked + min(max(0, MOST - all_of_them), 1), desired)
        return max(view.asked - min(all_of_them - 1, 1), 1, desired)


@dataclass
class Keda:
    """KEDA's Redis list scaler with its defaults, behind Kubernetes' horizontal autoscaler with its own."""

    every_seconds: float = 15.0
    _polled_at: float = float("-inf")
    _length: int = 0
    _recommended: list[tuple[float, int]] = field(default_factory=list)

    def decide(self, view: View) -> int:
        """See Controller.decide."""
        if isinstance(view.queue, Unknown):
            return view.asked
        if view.now - self._polled_at >= 30.0:
            self._polled_at, self._length = view.now, view.queue.waiting
        ratio = self._length / (view.asked * 5)
        desired = view.asked if abs(ratio - 1.0) <= 0.1 else math.ceil(self._length / 5)
        desired = min(max(desired, 1), MOST, view.asked + max(view.asked, 4))
        self._recommended = [
            (moment, number) for moment, number in self._recommended if moment > view.now - 300
        ]
        self._recommended.append((view.now, desired))
        highest = max(number for _, number in self._recommended)
        return desired if desired >= view.asked else min(view.asked, highest)


class Ours:
    """engineroom's `latency` strategy, with the target of the load."""

    every_seconds = 1.0

    def __init__(self, target_seconds: int) -> None:
        self._scaler = Scaler(Strategy.of(StrategyType.LATENCY, target_seconds))

    def decide(self, view: View) -> int:
        """See Controller.decide."""
        seen = Observation(
            now_seconds=view.now,
            queue=view.queue,
            processes=view.asked,
            replicas=1,
            running=view.running,
        )
        return self._scaler.decide(seen, ScaleBounds(floor=1, ceiling=MOST)).processes
