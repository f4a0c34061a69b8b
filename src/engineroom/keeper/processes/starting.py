"""Starts that are under way: one whose folder or program hangs holds up no other, nor whoever asks the keeper."""

import os
from collections.abc import Callable

from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.launch.spawn import Launch
from engineroom.keeper.processes.lifecycle import State
from engineroom.keeper.processes.process import Subprocess

_LOOK_AGAIN_SECONDS = 0.02


class StartsUnderWay:
    """Those that were begun, until they are told of as started or failed. What was to stop meanwhile is not."""

    def __init__(
        self, started: Callable[[Subprocess, int], None], failed: Callable[[Subprocess, LaunchError], None]
    ) -> None:
        self._started = started
        self._failed = failed
        self._launches: dict[int, tuple[Subprocess, Launch]] = {}

    def add(self, process: Subprocess, launched: Launch) -> None:
        """Take in that a start was begun."""
        self._launches[launched.pid] = process, launched

    def pause(self, planned: float | None) -> float | None:
        """Return for how long nothing is to be done here, where `planned` is for how long elsewhere."""
        if not self._launches:
            return planned
        return _LOOK_AGAIN_SECONDS if planned is None else min(planned, _LOOK_AGAIN_SECONDS)

    def look(self) -> None:
        """Tell of what is over."""
        for pid, (_, launched) in tuple(self._launches.items()):
            if launched.is_over():
                self._end(pid)

    def give_up(self, process: Subprocess) -> None:
        """Have a start that hangs come to its end, as its process is to stop. What no kill ends is left alone."""
        for pid, (whose, launched) in tuple(self._launches.items()):
            if whose is process:
                if not launched.is_over():
                    launched.give_up()
                if launched.is_over():
                    self._end(pid)

    def next_to_reap(self) -> int:
        """Tell of those that have ended already, and return the pid to wait for, -1 for whoever it is.

        Raises ChildProcessError when nobody has ended. Who is reaped before he was told of would be one that never ends.
        """
        while self._launches:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None:
                raise ChildProcessError
            if dead.si_pid not in self._launches:
                return dead.si_pid
            self._end(dead.si_pid)
        return -1

    def _end(self, pid: int) -> None:
        process, launched = self._launches.pop(pid)
        try:
            launched.finish()
        except (LaunchError, OSError) as error:
            if process.state is State.STARTING:
                failed = (
                    error if isinstance(error, LaunchError) else LaunchError.of(error, process.spec.argv[0])
                )
                self._failed(process, failed)
            return
        if process.state is State.STARTING:
            self._started(process, pid)
