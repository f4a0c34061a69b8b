"""From one observation after another to decisions: the strategy's formula, held by the guard-rails."""

import math
from collections import deque
from dataclasses import dataclass, field

from engineroom.model.processes.background_process import StrategyType
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling import strategies
from engineroom.model.scaling.load import Load
from engineroom.model.scaling.observation import Decision, Observation, ScaleBounds
from engineroom.model.scaling.rails import Rails
from engineroom.model.scaling.strategies import Need, Strategy


@dataclass(slots=True)
class Scaler:
    """Decides for one background process. It knows nothing but what it was shown, and remembers what it needs of that."""

    strategy: Strategy
    rails: Rails = field(default_factory=Rails)
    load: Load = field(default_factory=Load)
    _sizes: deque[tuple[float, int]] = field(default_factory=deque)
    _stepped_at: float = float("-inf")

    def decide(self, seen: Observation, limits: ScaleBounds) -> Decision:
        """Return how many processes there should be on every replica."""
        if isinstance(seen.queue, Unknown):
            return _kept(seen, limits, f"held: {seen.queue.reason}")
        self.load.take(seen.queue, seen.running)
        need = self._need(seen, seen.queue)
        present = seen.processes * seen.replicas
        guided, bounded = self.rails.guide(seen.now_seconds, present, need.processes)
        guided = _not_below_what_works(guided, present, seen.queue)
        wanted = math.ceil(guided / max(1, seen.replicas))
        processes, limit = within(wanted, seen.processes, limits)
        if processes != seen.processes:
            self._stepped_at = seen.now_seconds
        return Decision(
            before=seen.processes,
            processes=processes,
            needed=need.processes,
            why=need.why,
            bounded=limit or bounded,
        )

    def _need(self, seen: Observation, measured: Measurement) -> Need:
        threshold = self.strategy.threshold
        match self.strategy.type:
            case StrategyType.QUEUE_SIZE:
                return strategies.queue_size(threshold, measured)
            case StrategyType.GROWTH_RATE:
                return self._growth(seen, measured)
            case StrategyType.LATENCY:
                return strategies.latency(threshold, measured, self.load)
            case StrategyType.NONE:
                return Need(seen.processes * seen.replicas, "not scaled")

    def _growth(self, seen: Observation, measured: Measurement) -> Need:
        """Return the need by growth; after a step nothing for one interval, so that its effect is seen first."""
        interval = strategies.GROWTH_INTERVAL_SECONDS
        while len(self._sizes) > 1 and self._sizes[1][0] <= seen.now_seconds - interval:
            self._sizes.popleft()
        old = bool(self._sizes) and self._sizes[0][0] <= seen.now_seconds - interval
        rested = seen.now_seconds - self._stepped_at >= interval
        earlier = self._sizes[0][1] if old and rested else None
        self._sizes.append((seen.now_seconds, measured.available))
        present = seen.processes * seen.replicas
        return strategies.growth_rate(self.strategy.threshold, measured, earlier, present)


def within(wanted: int, present: int, limits: ScaleBounds) -> tuple[int, str]:
    """Return `wanted` within the limits, and which of them bound it.

    Where the host has no more room, nothing is added but what must run at least, and what runs is not taken away.
    """
    if wanted > limits.ceiling:
        wanted, bound = limits.ceiling, f"at most {limits.ceiling}"
    elif wanted < limits.floor:
        wanted, bound = limits.floor, f"at least {limits.floor}"
    else:
        bound = ""
    if limits.room is not None:
        most = max(limits.room, present, limits.floor)
        if wanted > most:
            return most, limits.room_reason
    return wanted, bound


def _kept(seen: Observation, limits: ScaleBounds, why: str) -> Decision:
    processes, bound = within(seen.processes, seen.processes, limits)
    return Decision(before=seen.processes, processes=processes, needed=None, why=why, bounded=bound)


def _not_below_what_works(guided: int, present: int, measured: Measurement) -> int:
    """Return no fewer than there are jobs in hand: which of the processes would have to stop is busy."""
    return max(guided, min(present, measured.reserved))
