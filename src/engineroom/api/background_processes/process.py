"""Processes in answers; they are ours."""

from msgspec import Struct

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Moment, moment, moment_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.model.instances.limits import Limits, Usage
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.processes.exits import Exit, describe
from engineroom.model.processes.process import Process, ProcessState


class LastExit(Struct):
    """How the process's last life ended."""

    code: int | None
    signal: int | None
    reason: str
    lived_seconds: float
    at: Moment


class ShownUsage(Struct):
    """What a process with all that descends from it, or a replica, uses; null where it cannot be counted."""

    cpu_seconds: float | None
    cpu_percent: float | None
    memory_bytes: int | None
    processes: int | None


class ShownLimits(Struct):
    """What all processes of a replica may use together; null: as much as there is."""

    memory_bytes: int | None
    cpus: float | None
    processes: int | None


class ProcessAttributes(Attributes):
    """What is shown of one OS process."""

    replica: int
    index: int
    pid: int | None
    state: ProcessState
    started_at: Moment | None
    restarts: int
    crash_looping: bool
    tight_loop: bool
    next_start_at: Moment | None
    deadline_at: Moment | None
    last_exit: LastExit | None
    limits: ShownLimits
    usage: ShownUsage | None
    output_dropped_bytes: int
    stale_since: Moment | None


TYPE = ResourceType("processes", ProcessAttributes)


def show(background_process: BackgroundProcess, process: Process, limits: Limits) -> Resource:
    """Return the resource of one process of a background process, whose replica has these limits."""
    timeout = background_process.config.timeout if background_process.config else None
    return Resource(
        process.id,
        TYPE.name,
        ProcessAttributes(
            replica=process.replica,
            index=process.index,
            pid=process.pid,
            state=process.state,
            started_at=moment_or_none(process.started_at),
            restarts=process.restarts,
            crash_looping=process.crash_looping,
            tight_loop=process.tight_loop,
            next_start_at=moment_or_none(process.next_start_at),
            deadline_at=moment_or_none(process.deadline_at),
            last_exit=_last_exit(process.last_exit, timeout) if process.last_exit else None,
            limits=show_limits(limits),
            usage=show_usage(process.usage),
            output_dropped_bytes=process.output_dropped_bytes,
            stale_since=moment_or_none(process.stale_since),
        ),
    )


def show_limits(limits: Limits) -> ShownLimits:
    """Return limits as they are shown."""
    return ShownLimits(limits.memory_bytes, limits.cpus, limits.processes)


def show_usage(usage: Usage | None) -> ShownUsage | None:
    """Return usage as it is shown; null until it was first counted."""
    if usage is None:
        return None
    return ShownUsage(
        cpu_seconds=None if usage.cpu_seconds is None else round(usage.cpu_seconds, 3),
        cpu_percent=None if usage.cpu_percent is None else round(usage.cpu_percent, 1),
        memory_bytes=usage.memory_bytes,
        processes=usage.processes,
    )


def _last_exit(ended: Exit, worker_timeout_seconds: int | None) -> LastExit:
    return LastExit(
        code=ended.code,
        signal=ended.signal,
        reason=describe(ended, worker_timeout_seconds=worker_timeout_seconds),
        lived_seconds=round(ended.lived_seconds, 3),
        at=moment(ended.at),
    )
