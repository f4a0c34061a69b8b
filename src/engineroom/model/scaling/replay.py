"""What another setting would have decided on what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engineroom.model.scaling.observation import Decision, Observation, ScaleBounds
from engineroom.model.scaling.scaler import Scaler
from engineroom.model.scaling.strategies import Strategy


@dataclass(frozen=True, slots=True)
class ReplayStep:
    """One change that would have been made, so many seconds after the first measurement."""

    after_seconds: float
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What would have come of it. Process times are of all replicas; the `actual` one is of what did run."""

    seconds: float
    measurements: int
    steps: Sequence[ReplayStep]
    process_seconds: float
    actual_process_seconds: float


def replay(recorded: Sequence[Observation], strategy: Strategy, limits: ScaleBounds) -> Replay:
    """Return what the strategy would have decided within the limits.

    The queue is taken as it was: with other numbers of processes it would have been another one.
    """
    scaler = Scaler(strategy)
    processes = min(recorded[0].processes, limits.ceiling) if recorded else limits.floor
    steps: list[ReplayStep] = []
    would = actual = 0.0
    previous: Observation | None = None
    for seen in recorded:
        if previous is not None:
            seconds = seen.now_seconds - previous.now_seconds
            would += processes * previous.replicas * seconds
            actual += previous.processes * previous.replicas * seconds
        previous = seen
        decision = scaler.decide(replace(seen, processes=processes), limits)
        if decision.changes:
            steps.append(ReplayStep(seen.now_seconds - recorded[0].now_seconds, decision))
        processes = decision.processes
    return Replay(
        seconds=recorded[-1].now_seconds - recorded[0].now_seconds if recorded else 0.0,
        measurements=len(recorded),
        steps=steps,
        process_seconds=would,
        actual_process_seconds=actual,
    )
