"""The cgroups of a fork server's tasks, as long as each lasts."""

import contextlib

from engineroom.sandbox.cgroup_base import Base, sweep
from engineroom.sandbox.limits import TaskLimits
from engineroom.sandbox.task_cgroup import TaskCgroup

_BESIDES_BYTES = 64 * 1024 * 1024
"""What the task of a process takes before it begins, and what the kernel takes for it."""


class TaskCgroups:
    """Those that are there, and those that are to go; none where the host has no cgroups for us."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            sweep()
        self._base = _base()
        self._there: dict[int, TaskCgroup] = {}
        self._going: list[TaskCgroup] = []

    @property
    def are_going(self) -> bool:
        """Whether `end_what_goes` has something to do."""
        return bool(self._going)

    @property
    def limit_processes(self) -> bool:
        """Whether nobody in one has more processes than he may."""
        return self._base is not None and self._base.limits_processes

    def make(self, number: int, limits: TaskLimits) -> TaskCgroup | None:
        """Make the one of a task, with limits; None when there is none for it."""
        for _ in range(2):
            try:
                return self._made(number, limits)
            except OSError:  # somebody has removed what it is to be made in
                if self._base is not None:
                    self._base.close()
                self._base = _base()
        return None

    def end(self, number: int) -> None:
        """Kill what is left of a task, and have its cgroup go."""
        cgroup = self._there.pop(number, None)
        if cgroup is not None:
            self._going.append(cgroup)
            self.end_what_goes()

    def end_what_goes(self) -> None:
        """Try again what could not be ended at once."""
        self._going = [cgroup for cgroup in self._going if not cgroup.end()]

    def close(self) -> None:
        """End everything."""
        if self._base is not None:
            self._base.close()

    def _made(self, number: int, limits: TaskLimits) -> TaskCgroup | None:
        if self._base is None:
            return None
        cgroup = self._base.task(str(number))
        cgroup.make(limits.memory_bytes + _BESIDES_BYTES, limits.processes + 1)
        self._there[number] = cgroup
        return cgroup


def _base() -> Base | None:
    try:
        return Base()
    except OSError:
        return None
