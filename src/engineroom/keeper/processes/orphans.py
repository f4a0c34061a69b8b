"""Ending what is left of a life whose leader is gone: asked first, killed later, and looked for until nothing is left."""

import signal
from collections.abc import Container

from engineroom.keeper import failures, kernel
from engineroom.keeper.containment.containers import Containers
from engineroom.keeper.processes import stopping
from engineroom.keeper.processes.lifecycle import State
from engineroom.keeper.processes.process import SignalTarget, Subprocess

PATIENCE_SECONDS = 10.0
"""How long children of a leader that died unasked may take to end after a SIGTERM."""

_FIRST_LOOK_SECONDS = 0.005
_MAX_LOOK_SECONDS = 0.1


class Orphans:
    """Works on `Subprocess.orphans`, the containers without a leader, each with the time when it is killed."""

    def __init__(self, containers: Containers, leaders: Container[int]) -> None:
        self._containers = containers
        self._leaders = leaders
        self._delays: dict[str, float] = {}

    def note(self, process: Subprocess) -> bool:
        """Take in that the leader of a process is gone; return whether there may be children of it."""
        container = process.container
        if container is not None and self._containers.leaderless(container):
            process.orphans[container] = process.due_monotonic or 0.0
        elif container is not None:
            self._containers.leave(process, container)
        process.container = None
        return not self._find_orphans(process, present_life=None) or bool(process.orphans)

    def end(self, process: Subprocess, now: float) -> None:
        """Ask the children of a leader that died unasked to end, so that its successor does not run beside them."""
        for container in process.orphans:
            process.orphans[container] = now + PATIENCE_SECONDS
            self._containers.ask_to_end(container)

    def pass_on_the_stop(self, process: Subprocess) -> None:
        """Ask the children of a drained leader to end too, unless the stop was sent to all of them, or to some who go on."""
        if process.spec.target is not SignalTarget.GROUP and not stopping.still_asked(process):
            for container in process.orphans:
                self._containers.ask_to_end(container)

    def kill(self, process: Subprocess) -> None:
        """Kill everything that there is of a process, its leader included: that may have left its cgroup, as with `su -`."""
        for container in [*process.orphans, *([process.container] if process.container else [])]:
            self._containers.kill(container)
        if process.pid is not None:
            kernel.signal_group(process.pid, signal.SIGKILL)

    def look(self, process: Subprocess, now: float) -> bool:
        """Forget the containers in which nobody is left, and kill those whose time is up, however late they were found.

        Return whether nothing is left at all.
        """
        if process.asked and process.pid is None:
            self.pass_on_the_stop(process)
        due = process.due_monotonic or 0.0
        for container, deadline in list(process.orphans.items()):
            if not self._containers.is_inhabited(container):
                del process.orphans[container]
                self._containers.discard(container)
            elif (due if process.state is State.DRAINING else deadline) <= now:
                self._containers.kill(container)
        present_life = None if process.pid is None else process.life
        is_over = not process.orphans and self._find_orphans(process, present_life=present_life)
        if is_over and not process.orphans:
            self.forget(process)
        return is_over and not process.orphans

    def _find_orphans(self, process: Subprocess, *, present_life: int | None) -> bool:
        """Look for those who have left its containers; return whether they could be looked for."""
        try:
            orphans = self._containers.orphans(process, self._leaders, present_life=present_life)
        except OSError as error:
            failures.report(error)
            return False
        for container in orphans:
            process.orphans.setdefault(container, process.due_monotonic or 0.0)
        return True

    def next_look_seconds(self, process: Subprocess) -> float:
        """Return after how many seconds to look again: soon at first, then less and less often."""
        delay = self._delays.get(process.id, _FIRST_LOOK_SECONDS)
        self._delays[process.id] = min(2 * delay, _MAX_LOOK_SECONDS)
        return delay

    def forget(self, process: Subprocess) -> None:
        """Have the next look at a process be a soon one again."""
        self._delays.pop(process.id, None)
