"""Observations, as a scaler is shown them."""

from typing import Any

from engineroom.model.processes.background_process import StrategyType
from engineroom.model.queue import Flow, Measurement, Unknown
from engineroom.model.scaling.observation import Decision, Observation, ScaleBounds
from engineroom.model.scaling.scaler import Scaler
from engineroom.model.scaling.strategies import Strategy

TEN = ScaleBounds(floor=1, ceiling=10)


class Shown:
    """A scaler whose clock goes by hand, and whose decisions are carried out."""

    def __init__(self, type: StrategyType, threshold: int, *, processes: int = 1, replicas: int = 1) -> None:
        self.scaler = Scaler(Strategy.of(type, threshold))
        self.processes = processes
        self.replicas = replicas
        self.now = 0.0

    def see(
        self, queue: Measurement | Unknown | int, *, after: float = 1.0, limits: ScaleBounds = TEN
    ) -> Decision:
        self.now += after
        measured = Measurement(waiting=queue) if isinstance(queue, int) else queue
        seen = Observation(
            now_seconds=self.now,
            queue=measured,
            processes=self.processes,
            replicas=self.replicas,
            running=self.processes * self.replicas,
        )
        decision = self.scaler.decide(seen, limits)
        self.processes = decision.processes
        return decision

    def at_rest(self, *, seconds: int = 70) -> int:
        """Return how many are left after so long with nothing to do."""
        for _ in range(seconds):
            self.see(0)
        return self.processes


def measured(waiting: int, *, taken: int = 0, arrived: int | None = 0, **more: Any) -> Measurement:
    flow = Flow(seconds=1.0, taken=taken, taken_all=True, arrived=arrived)
    return Measurement(waiting=waiting, flow=flow, **more)
