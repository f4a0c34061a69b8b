"""Decide on one background process around its scaler: within which bounds, and when it sleeps or wakes. Pure."""

from engineroom.model.processes.activity import ActivityTracker
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.queue import Measurement, Unknown
from engineroom.model.scaling.host import Host, room, with_more
from engineroom.model.scaling.observation import Decision, Observation, ScaleBounds
from engineroom.store.queries.scaling.scaled import Scaled


def follows_queue(background_process: BackgroundProcess) -> bool:
    """Return whether its scale follows its queue; it may sleep without doing so."""
    return background_process.strategy_type is not StrategyType.NONE


def bounds(row: Scaled, floor: int, host: Host | None, activity: ActivityTracker) -> ScaleBounds:
    """Return between how many processes its scale may be; a host of which nothing is known bounds nothing."""
    ceiling = row.wanted.background_process.processes
    free = None
    if host is not None:
        free = room(host, process_memory_bytes=activity.mean_memory_bytes, process_cores=activity.mean_cores)
    if free is None:
        return ScaleBounds(floor=floor, ceiling=ceiling)
    more = free.more // max(1, row.wanted.replicas)
    return ScaleBounds(
        floor=floor, ceiling=ceiling, room=row.wanted.processes + more, room_reason=free.reason
    )


def left_of(host: Host | None, row: Scaled, decision: Decision, activity: ActivityTracker) -> Host | None:
    """Return what of the host is left for those that are decided on next."""
    more = (decision.processes - decision.before) * row.wanted.replicas
    if host is None or more <= 0 or row.settings.dry_run:
        return host
    return with_more(
        host, more, process_memory_bytes=activity.mean_memory_bytes, process_cores=activity.mean_cores
    )


def asleep(seen: Observation, sleep_after_seconds: int | None) -> Decision:
    """Return the decision for what has nothing to do, and sleeps."""
    if isinstance(seen.queue, Unknown):
        return Decision(before=seen.processes, processes=0, needed=None, why=f"held: {seen.queue.reason}")
    why = f"nothing to do for {sleep_after_seconds} s, asleep until a job waits"
    return Decision(before=seen.processes, processes=0, needed=0.0, why=why)


def awake(seen: Observation, asked: int) -> Decision:
    """Return the decision for what follows no queue but may sleep: all that was asked for, as without sleep."""
    if seen.processes:
        return Decision(before=seen.processes, processes=seen.processes, needed=None, why="awake")
    waiting = seen.queue.available if isinstance(seen.queue, Measurement) else 0
    return Decision(before=0, processes=asked, needed=None, why=f"woken: {waiting} waiting")
