"""What the autoscaler knows of each background process from one look to the next."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.processes.activity import ActivityTracker
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.observation import Decision, Observation, ScaleBounds
from engineroom.model.scaling.scaler import Scaler
from engineroom.model.scaling.sleep import Sleeper
from engineroom.model.scaling.strategies import Strategy

_DEFAULT_POLL_SECONDS = 3
"""`queue:work --sleep`, unless it says otherwise."""

RECORDED = 900
"""How many observations are kept to be replayed: a quarter of an hour."""

TROUBLE_SECONDS = 60.0
"""No more often is there an event of a server that comes and goes, or fails in one way after the other."""


@dataclass(slots=True)
class ScalingState:
    """One background process.

    `poll_seconds` is how long its workers wait before they ask for a job again. `told` is what its events said last: they
    say it once.
    """

    scaler: Scaler
    poll_seconds: float = 3.0
    sleeper: Sleeper = field(default_factory=Sleeper)
    activity: ActivityTracker = field(default_factory=ActivityTracker)
    recorded: deque[Observation] = field(default_factory=lambda: deque(maxlen=RECORDED))
    bounds: ScaleBounds | None = None
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
        """Return whether this trouble deserves an event: it is new, and there was none in the last minute."""
        if trouble is None:
            self.told.pop(topic, None)
            return False
        told_at = self.trouble_told_at.get(topic, float("-inf"))
        if now_seconds - told_at < TROUBLE_SECONDS or not self.news(topic, trouble):
            return False
        self.trouble_told_at[topic] = now_seconds
        return True


class ScalingStates:
    """The states of everything that is scaled. `clock` only goes forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._states: dict[BackgroundProcessId, ScalingState] = {}

    def get(self, background_process: BackgroundProcessId) -> ScalingState | None:
        """Return what is known of a background process; None when nothing scales it."""
        return self._states.get(background_process)

    def of(self, background_process: BackgroundProcess) -> ScalingState:
        """Return what is known of one that is scaled; with another strategy it begins anew."""
        strategy = Strategy.of(background_process.strategy_type, background_process.strategy_threshold)
        known = self._states.get(background_process.id)
        if known is None or known.scaler.strategy != strategy:
            config = background_process.config
            poll = config.sleep if config and config.sleep is not None else _DEFAULT_POLL_SECONDS
            known = ScalingState(Scaler(strategy), poll_seconds=float(poll))
            self._states[background_process.id] = known
        return known

    def busy(self, background_process: BackgroundProcessId) -> frozenset[str]:
        """Return the processes that are known to work just now: when some must go, others should."""
        state = self._states.get(background_process)
        return state.activity.busy(self._clock(), state.poll_seconds) if state else frozenset()

    def keep_only(self, scaled: Collection[BackgroundProcessId]) -> None:
        """Forget all others."""
        for gone in self._states.keys() - scaled:
            del self._states[gone]
