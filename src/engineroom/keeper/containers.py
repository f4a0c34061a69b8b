"""What holds all that descends from one life of a process, and outlives its leader if need be.

A container is named by a text that is written down with the process, so that it is found again: `group:PID` is the
process group of a leader.
"""

import signal

from engineroom.keeper import kernel
from engineroom.keeper.groups import LeaderlessGroups

_GROUP = "group:"


def of_group(pid: int) -> str:
    """Return the container that a leader with this pid is in by itself."""
    return f"{_GROUP}{pid}"


class Containers:
    """Signals containers as a whole, and tells whether anybody is left in one."""

    def __init__(self) -> None:
        self._groups = LeaderlessGroups()

    def enter(self, pid: int) -> str:
        """Return the container of a leader that was just started."""
        return of_group(pid)

    def leaderless(self, container: str) -> bool:
        """Take in that a container has lost its leader; return whether anybody else is left in it."""
        group = _group(container)
        if not kernel.signal_group(group, 0):
            return False
        self._groups.note(group)
        return True

    def is_inhabited(self, container: str) -> bool:
        """Return whether anybody is left in a container without a leader."""
        return self._groups.is_inhabited(_group(container))

    def ask_to_end(self, container: str) -> None:
        """Send SIGTERM to everybody in it."""
        kernel.signal_group(_group(container), signal.SIGTERM)

    def kill(self, container: str) -> None:
        """Send SIGKILL to everybody in it."""
        kernel.signal_group(_group(container), signal.SIGKILL)


def _group(container: str) -> int:
    return int(container.removeprefix(_GROUP))
