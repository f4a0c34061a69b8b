"""When something is next to be done about a process, or about all of them."""

import time
from enum import Enum, auto

from engineroom.keeper.processes import backoff
from engineroom.keeper.processes.process import Subprocess
from engineroom.keeper.processes.timers import Timers


class Due(Enum):
    """What a timer is for."""

    NEXT = auto()
    """What comes next in the life of a process: its start, its maturity, its deadline."""
    SWEEP = auto()
    EXIT_STATUS = auto()
    MOVE = auto()
    UPKEEP = auto()


Key = tuple[Due, str]
"""What for, and the id of the process; empty where it is about none."""


class Deadlines(Timers[Key]):
    """The timers of a supervisor; those for what comes next are told with their processes."""

    def set_after(self, kind: Due, seconds: float, process: str = "") -> None:
        """Set a deadline so many seconds from now."""
        self.set((kind, process), time.monotonic() + seconds)

    def set_next(self, process: Subprocess, deadline: float | None) -> None:
        """Set the process's next deadline, in monotonic seconds, or clear it."""
        process.due_monotonic = deadline
        process.due_at = None if deadline is None else time.time() + deadline - time.monotonic()
        if deadline is None:
            self.clear((Due.NEXT, process.id))
        else:
            self.set((Due.NEXT, process.id), deadline)

    def expect_next(self, process: Subprocess) -> None:
        """Set the timer for what time alone brings to one that runs: the end of its time, or its maturity."""
        after_seconds = process.spec.time_limit_seconds
        if after_seconds is None and process.streak_to_forget:
            after_seconds = backoff.YOUNG_SECONDS
        if after_seconds is not None:
            born = process.started_monotonic or time.monotonic()
            self.set((Due.NEXT, process.id), born + after_seconds)

    def forget(self, process: Subprocess) -> None:
        """Have nothing be due of a process that is gone."""
        for kind in (Due.NEXT, Due.SWEEP):
            self.clear((kind, process.id))
