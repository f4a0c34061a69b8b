"""The scaling of a background process in answers; it is ours."""

from typing import Any

from msgspec import Struct

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Moment, moment_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.control.scaling.state import ScalingState
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.observation import Decision
from engineroom.model.scaling.replay import Replay
from engineroom.model.scaling.settings import ScalingSettings


class ScalingMeasurement(Struct):
    """A queue, or several as one; `unknown` says why it could not be measured, and then the rest is null."""

    unknown: str | None
    queues: list[str]
    waiting: int | None = None
    due: int | None = None
    delayed: int | None = None
    reserved: int | None = None
    expired: int | None = None
    available: int | None = None
    failed: int | None = None
    at_least: bool | None = None
    oldest_seconds_at_least: float | None = None
    oldest_seconds_at_most: float | None = None
    job_seconds: float | None = None
    arrivals_per_second: float | None = None
    taken_per_second: float | None = None


class Decided(Struct):
    """What follows from it: `needed` in all, by the formula alone, and how many on every replica in the end."""

    needed: float | None
    processes: int
    why: str
    bounded: str
    message: str
    at: Moment | None


class ScalingAttributes(Attributes):
    """How a background process is scaled. `measured` and `decided` are null while nothing scales it."""

    strategy_type: StrategyType
    strategy_threshold: int | None
    most_processes: int
    dry_run: bool
    restart_when_stalled: bool
    connection: str | None
    queue: str | None
    sleep_after_seconds: int | None
    measured: ScalingMeasurement | None
    decided: Decided | None


class ReplayAttributes(Attributes):
    """What another setting would have decided, and what its processes would have taken."""

    seconds: float
    measurements: int
    changes: list[dict[str, Any]]
    process_seconds: float
    actual_process_seconds: float


TYPE = ResourceType("scalings", ScalingAttributes)
REPLAY = ResourceType("scaling_replays", ReplayAttributes)


def show(of: BackgroundProcess, settings: ScalingSettings, state: ScalingState | None) -> Resource:
    """Return the resource; it has the id of its background process."""
    return Resource(
        of.id,
        TYPE.name,
        ScalingAttributes(
            strategy_type=of.strategy_type,
            strategy_threshold=of.strategy_threshold,
            most_processes=of.processes,
            dry_run=settings.dry_run,
            restart_when_stalled=settings.restart_when_stalled,
            connection=settings.connection,
            queue=settings.queue,
            sleep_after_seconds=settings.sleep_after_seconds,
            measured=_measured(state) if state else None,
            decided=_decided(state, state.decision) if state and state.decision else None,
        ),
    )


def show_replay(of: BackgroundProcess, found: Replay) -> Resource:
    """Return the resource; it has the id of its background process."""
    changes = [
        {
            "after_seconds": round(step.after_seconds, 3),
            "processes": step.decision.processes,
            "message": step.decision.sentence(),
        }
        for step in found.steps
    ]
    return Resource(
        of.id,
        REPLAY.name,
        ReplayAttributes(
            seconds=round(found.seconds, 3),
            measurements=found.measurements,
            changes=changes,
            process_seconds=round(found.process_seconds, 3),
            actual_process_seconds=round(found.actual_process_seconds, 3),
        ),
    )


def _measured(state: ScalingState) -> ScalingMeasurement:
    queues = list(state.queues)
    if isinstance(state.queue, Unknown):
        return ScalingMeasurement(unknown=state.queue.reason, queues=queues)
    queue: Measurement = state.queue
    load = state.scaler.load
    return ScalingMeasurement(
        unknown=None,
        queues=queues,
        waiting=queue.waiting,
        due=queue.due,
        delayed=queue.delayed,
        reserved=queue.reserved,
        expired=queue.expired,
        available=queue.available,
        failed=queue.failed,
        at_least=queue.at_least,
        oldest_seconds_at_least=queue.oldest.at_least_seconds if queue.oldest else None,
        oldest_seconds_at_most=queue.oldest.at_most_seconds if queue.oldest else None,
        job_seconds=load.job_seconds,
        arrivals_per_second=load.arrivals_per_second,
        taken_per_second=load.taken_per_second,
    )


def _decided(state: ScalingState, decision: Decision) -> Decided:
    return Decided(
        needed=decision.needed,
        processes=decision.processes,
        why=decision.why,
        bounded=decision.bounded,
        message=decision.sentence(),
        at=moment_or_none(state.decided_at),
    )
