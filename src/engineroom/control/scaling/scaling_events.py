"""The events of scaling: a change, what would be one, a queue that cannot be measured, a host that is full."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from engineroom.control.scaling.state import ScalingState
from engineroom.model.event import Event
from engineroom.model.ids import new_event_id
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.queue import Unknown
from engineroom.model.scaling.observation import Decision
from engineroom.store.queries.scaling.scaled import Scaled

CHANGED = "scaling.changed"


def news(row: Scaled, state: ScalingState, decision: Decision, now_seconds: float) -> Iterator[Event]:
    """Yield the events of what is new; it counts as told from then on."""
    background_process = row.wanted.background_process
    dry_run = row.settings.dry_run
    would = decision.processes if decision.changes and dry_run else None
    if decision.changes and (state.news("would", would) or not dry_run):
        kind = "scaling.would_change" if dry_run else CHANGED
        words = "Would scale" if dry_run else "Scaled"
        yield _event(background_process, kind, f"{words} {decision.sentence()}.", state)
    unknown = state.queue.reason if isinstance(state.queue, Unknown) else None
    if state.news_of_trouble("unknown", unknown, now_seconds):
        message = f"The queue cannot be measured, so the scale is held: {unknown}."
        yield _event(background_process, "scaling.held", message, state)
    bounds = state.bounds
    full = bounds is not None and bounds.room_reason and decision.bounded == bounds.room_reason
    if state.news_of_trouble("full", "full" if full else None, now_seconds):
        yield _event(background_process, "scaling.bounded", f"Not scaled {decision.sentence()}.", state)


def _event(background_process: BackgroundProcess, kind: str, message: str, state: ScalingState) -> Event:
    queue = state.queue
    data: dict[str, Any] = {
        "strategy_type": background_process.strategy_type,
        "strategy_threshold": state.scaler.strategy.threshold,
        "queues": list(state.queues),
        "measured": {"unknown": queue.reason} if isinstance(queue, Unknown) else asdict(queue),
        "decision": asdict(state.decision) if state.decision else None,
        "job_seconds": state.scaler.load.job_seconds,
        "arrivals_per_second": state.scaler.load.arrivals_per_second,
        "taken_per_second": state.scaler.load.taken_per_second,
    }
    return Event(
        id=new_event_id(),
        background_process_id=background_process.id,
        kind=kind,
        message=message,
        data=data,
        at=datetime.now(UTC),
    )
