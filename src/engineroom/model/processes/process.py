"""A process: one running OS process of a background process, in one slot of one replica."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.instances.limits import Usage
from engineroom.model.processes.exits import Exit


class ProcessState(StrEnum):
    """Where a process is in its life; one that has stopped is no longer listed."""

    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    BACKING_OFF = "backing_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What a runtime knows of one process.

    `replica` and `index` count from 1 and 0. `fingerprint` names the workload's version that it runs. `pid` is None while
    nothing runs (starting, backing off). `restarts` counts the lives after the first. In a `tight_loop` it ends as it
    should, but at once and again and again, and is started once a second. `started_at` is of the present or the last
    life. `next_start_at` is set while backing off, `deadline_at` while draining. `output_dropped_bytes` of what it printed
    were lost, as nobody had read them in time. `usage` is None until it was first counted. Since `stale_since` nobody
    knows what became of it, and all else is as it was then; None while that is known.
    """

    id: str
    background_process: BackgroundProcessId
    replica: int
    index: int
    fingerprint: str
    state: ProcessState
    pid: int | None = None
    started_at: datetime | None = None
    restarts: int = 0
    crash_looping: bool = False
    tight_loop: bool = False
    next_start_at: datetime | None = None
    deadline_at: datetime | None = None
    last_exit: Exit | None = None
    usage: Usage | None = None
    output_dropped_bytes: int = 0
    stale_since: datetime | None = None
