"""What the autoscaler knows of one background process from one look to the next."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from engineroom.model.processes.activity import ActivityTracker
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.observation import Decision, Observation, ScaleBounds
from engineroom.model.scaling.scaler import Scaler
from engineroom.model.scaling.sleep import Sleeper

RECORDED = 900
"""How many observations are kept to be replayed: a quarter of an hour."""

TROUBLE_SECONDS = 60.0
"""A server that comes and goes, or fails in one way after the other, is told of no more often."""


@dataclass(slots=True)
class ScalingState:
    """One background process.

    `poll_seconds` is how long its workers wait before they ask for a job again. `told` is what its events said last, so
    that they say it once.
    """

    scaler: Scaler
    poll_seconds: float = 3.0
    sleeper: Sleeper = field(default_factory=Sleeper)
    observed: ActivityTracker = field(default_factory=ActivityTracker)
    recorded: deque[Observation] = field(default_factory=lambda: deque(maxlen=RECORDED))
    limits: ScaleBounds | None = None
    queue: Measurement | Unknown = field(default_factory=lambda: Unknown("not measured yet"))
    queues: tuple[str, ...] = ()
    decision: Decision | None = None
    decided_at: datetime | None = None
    told: dict[str, object] = field(default_factory=dict)
    trouble_told_at: dict[str, float] = field(default_factory=dict)

    def news(self, topic: str, value: object) -> bool:
        """Return whether this is another value than was told last; it counts as told from now on."""
        if self.told.get(topic) == value:
            return False
        self.told[topic] = value
        return True

    def news_of_trouble(self, topic: str, trouble: str | None, now_seconds: float) -> bool:
        """Return whether to tell of this trouble: it is another than before, and none was told of in the last minute."""
        if trouble is None:
            self.told.pop(topic, None)
            return False
        told_at = self.trouble_told_at.get(topic, float("-inf"))
        if now_seconds - told_at < TROUBLE_SECONDS or not self.news(topic, trouble):
            return False
        self.trouble_told_at[topic] = now_seconds
        return True
