"""What holds all that descends from one life of a process, and outlives its leader if need be.

A container is named by a text that is written down with the process, so that it is found again: `cgroup:CELL` is a cell of
`cgroups`, and `group:PID`, where there are no cgroups, the process group of a leader.
"""

import os
import signal
from collections.abc import Container, Set
from typing import NamedTuple

from engineroom.keeper import kernel, log
from engineroom.keeper.cgroups.cgroups import CgroupLimits, Cgroups
from engineroom.keeper.containment.birth_marks import BirthMarks
from engineroom.keeper.containment.process_groups import LeaderlessGroups
from engineroom.keeper.kernel import ResourceUsage
from engineroom.keeper.processes.process import Subprocess

_CGROUP = "cgroup:"
_GROUP = "group:"
_WITHOUT_GROUP = "others"


class MemoryUsedUp(NamedTuple):
    """What there was to know when the kernel killed somebody for memory."""

    used_bytes: int | None
    limit_bytes: int | None


class Containers:
    """Makes containers, signals them as a whole, and tells whether anybody is left in one."""

    def __init__(self, cgroups: Cgroups | None = None, birth_marks: BirthMarks | None = None) -> None:
        self.cgroups = cgroups
        self.birth_marks = birth_marks or BirthMarks("")
        self.limits: dict[str, CgroupLimits] = {}
        self._adopted: set[str] = set()
        self._groups = LeaderlessGroups()

    def limit(self, group: str, limits: CgroupLimits) -> None:
        """Have all containers of a group together use no more than this."""
        if self.limits.get(group) == limits:
            return
        self.limits[group] = limits
        if self.cgroups is not None:
            try:
                self.cgroups.make_group(group, limits)
            except OSError as error:
                _report("make", group, error)

    # The beginning of a life

    def prepare(self, process: Subprocess) -> None:
        """Make the container that the process's next life will be put into, if it can be made before."""
        process.container = None
        if self.cgroups is None:
            return
        cell = _cell(process)
        try:
            fresh = self._make(self.cgroups, cell, _group_of(process))
        except OSError as error:
            _report("make", cell, error)
            return
        process.container = f"{_CGROUP}{cell}"
        if fresh:
            process.out_of_memory_kills = 0

    def _make(self, cgroups: Cgroups, cell: str, group: str) -> bool:
        try:
            return cgroups.make(cell)
        except FileNotFoundError:
            cgroups.make_group(group, self.limits.get(group, CgroupLimits()))
            return cgroups.make(cell)

    def birthplace(self, process: Subprocess) -> str | None:
        """Return the folder of the cgroup that the process's next life is to be born in; None where there is none."""
        if self.cgroups is None or process.container is None:
            return None
        return self.cgroups.folder(process.container.removeprefix(_CGROUP))

    def enter(self, process: Subprocess, pid: int) -> None:
        """Take in that a leader was started, in the container that was prepared for it."""
        if self.cgroups is None or process.container is None:
            process.container = f"{_GROUP}{pid}"
        else:
            self.cgroups.entered(process.container.removeprefix(_CGROUP))

    def not_entered(self, process: Subprocess) -> None:
        """Handle a failed start: discard the prepared cgroup, which may be why it failed."""
        if process.container is not None:
            self.discard(process.container)
        process.container = None

    def find(self, process: Subprocess, pid: int) -> None:
        """Take a leader's container over from an earlier keeper that did not live to write it down."""
        process.container = f"{_GROUP}{pid}"
        for container, members in self.inhabited(_group_of(process)).items():
            if pid in members:
                process.container = container

    def inhabited(self, group: str | None = None) -> dict[str, list[int]]:
        """Return all cells in which there is somebody, or those of a group, with their members."""
        if self.cgroups is None:
            return {}
        found = {f"{_CGROUP}{cell}": self.cgroups.members(cell) for cell in self.cgroups.cells(group)}
        return {container: members for container, members in found.items() if members}

    def found(self, process: Subprocess) -> None:
        """Take in that a leader of an earlier keeper's still runs."""
        if self.cgroups is not None and process.pid and (process.container or "").startswith(_CGROUP):
            assert process.container is not None
            self.cgroups.found(process.container.removeprefix(_CGROUP), process.pid)

    def adopt(self, process: Subprocess, *, wherever: bool = False) -> None:
        """Take in that an earlier keeper has started a process: its orphans have not become our children.

        With `wherever` they may be in no cgroup of ours.
        """
        if self.cgroups is None or wherever:
            self._adopted.add(process.id)

    def is_ours(self, container: str, groups: Set[int]) -> bool:
        """Return whether somebody of ours is in a container that an earlier keeper wrote down.

        A cgroup is nobody else's. The number of a process group may be another's by now: it must be one of `groups`, in
        which there is somebody with our variables.
        """
        if container.startswith(_CGROUP):
            return bool(self._members(container))
        return _group(container) in groups

    # Its end

    def leaderless(self, container: str) -> bool:
        """Take in that a container has lost its leader; return whether anybody else is left in it, as far as is known."""
        if container.startswith(_CGROUP):
            return self._may_have_members(container)
        group = _group(container)
        if not kernel.signal_group(group, 0):
            return False
        self._groups.note(group)
        return True

    def is_inhabited(self, container: str) -> bool:
        """Return whether anybody is left in a container without a leader, as far as is known."""
        if container.startswith(_CGROUP):
            return self._may_have_members(container)
        try:
            return self._groups.is_inhabited(_group(container))
        except OSError as error:
            _report("look into", container, error)
            return True

    def orphans(self, process: Subprocess, leaders: Container[int], *, present_life: int | None) -> list[str]:
        """Return the containers of a process's orphans that have left its process group, where no cgroup holds them.

        They have become our children, as we are their sub-reaper; those of an earlier keeper's may be anywhere. What belongs
        to the present life is none, if there is one.
        """
        if self.cgroups is not None and process.id not in self._adopted:
            return []
        candidates = None if process.id in self._adopted else kernel.children(os.getpid())
        groups = {
            born.group
            for born in self.birth_marks.find([process.id], candidates)
            if born.id == process.id
            and born.pid not in leaders
            and not (present_life is not None and born.is_of(present_life))
        }
        for group in groups:
            self._groups.note(group)
        return [of_group(group) for group in groups]

    def ask_to_end(self, container: str) -> None:
        """Send SIGTERM to everybody in it."""
        if not container.startswith(_CGROUP):
            kernel.signal_group(_group(container), signal.SIGTERM)
        elif self.cgroups is not None:
            try:
                self.cgroups.signal(container.removeprefix(_CGROUP), signal.SIGTERM)
            except OSError as error:
                _report("signal", container, error)

    def kill(self, container: str) -> None:
        """Send SIGKILL to everybody in it. Where that fails, whoever finds somebody left does it again."""
        if not container.startswith(_CGROUP):
            kernel.signal_group(_group(container), signal.SIGKILL)
        elif self.cgroups is not None:
            try:
                self.cgroups.kill(container.removeprefix(_CGROUP))
            except OSError as error:
                _report("kill", container, error)

    def memory_used_up(self, process: Subprocess) -> MemoryUsedUp | None:
        """Return what a process used and might use, if the kernel killed somebody of it for memory since this was asked."""
        container = process.container
        if self.cgroups is None or container is None or not container.startswith(_CGROUP):
            return None
        cell, before = container.removeprefix(_CGROUP), process.out_of_memory_kills
        try:
            process.out_of_memory_kills = self.cgroups.out_of_memory_kills(cell)
            if process.out_of_memory_kills <= before:
                return None
            limits = self.limits.get(_group_of(process), CgroupLimits())
            return MemoryUsedUp(self.cgroups.most_memory_bytes(cell), limits.memory_bytes)
        except OSError as error:
            _report("read", cell, error)
            return None

    def usage(self, process: Subprocess) -> ResourceUsage | None:
        """Return what a process and all that descends from it use; None where its container does not count that."""
        if self.cgroups is None or process.container is None or not process.container.startswith(_CGROUP):
            return None
        return self.cgroups.usage(process.container.removeprefix(_CGROUP))

    def cpu_seconds(self, group: str) -> float | None:
        """Return the CPU time of all that ran in a group, be it gone or between two lives; None where nobody counts that."""
        return None if self.cgroups is None else self.cgroups.cpu_seconds(group)

    def discard(self, container: str) -> None:
        """Remove a container in which nobody is left."""
        if self.cgroups is not None and container.startswith(_CGROUP):
            self.cgroups.remove(container.removeprefix(_CGROUP))

    def leave(self, process: Subprocess, container: str) -> None:
        """Remove a container in which nobody is left, unless the next life will be in it."""
        if container != f"{_CGROUP}{_group_of(process)}/{process.id}":
            self.discard(container)

    def forget(self, process: Subprocess, *, last_of_its_group: bool) -> None:
        """Remove what was made for a process of which nothing is left, and for its group with the last one of it."""
        if self.cgroups is not None:
            self.cgroups.remove(f"{_group_of(process)}/{process.id}")
            if last_of_its_group:
                self.cgroups.remove_group(_group_of(process))
        self._adopted.discard(process.id)
        if last_of_its_group:
            self.limits.pop(_group_of(process), None)

    def keep_up(self) -> None:
        """Do what could not be done at once."""
        if self.cgroups is not None:
            self.cgroups.remove_what_was_busy()
            self.cgroups.set_what_was_refused()
            self.cgroups.move()

    def _may_have_members(self, container: str) -> bool:
        """Return whether somebody is in a cell. Who cannot be seen just now is not gone."""
        try:
            return bool(self._members(container))
        except OSError as error:
            _report("look into", container, error)
            return True

    def _members(self, container: str) -> list[int]:
        return [] if self.cgroups is None else self.cgroups.members(container.removeprefix(_CGROUP))


def _cell(process: Subprocess) -> str:
    """Return the cell for the next life: always the same one, unless somebody of an earlier life is still in it."""
    cell = f"{_group_of(process)}/{process.id}"
    return f"{cell}.{process.life}" if f"{_CGROUP}{cell}" in process.orphans else cell


def owner(container: str, ids: Container[str]) -> tuple[str, str]:
    """Return the group and the id of the process that a cell was made for: one of `ids`, where it can be."""
    group, _, name = container.removeprefix(_CGROUP).partition("/")
    id, _, life = name.rpartition(".")
    is_of_a_life = name not in ids and id in ids and life.isdigit()
    return "" if group == _WITHOUT_GROUP else group, id if is_of_a_life else name


def is_cell(container: str) -> bool:
    """Return whether a container is a cell."""
    return container.startswith(_CGROUP)


def of_group(group: int) -> str:
    """Return the container that a process group is."""
    return f"{_GROUP}{group}"


def _group_of(process: Subprocess) -> str:
    return process.spec.group or _WITHOUT_GROUP


def _group(container: str) -> int:
    return int(container.removeprefix(_GROUP))


def _report(what: str, cell: str, error: OSError) -> None:
    log.write("error", "cgroup.failed", f"Cannot {what} a cgroup.", cell=cell, reason=str(error))
