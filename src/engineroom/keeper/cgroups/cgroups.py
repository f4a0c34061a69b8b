"""Control groups: each process in one of its own, all of a replica in one that has its limits (cgroups(7)).

Below a base of ours there is a folder for each *group* (a replica), and in it one for each *cell* (a life of a process and
all that descends from it). Version 2 has everything in one tree. Of version 1 each controller has a tree; there the cells
are in the trees that count for each process, and the controllers that only limit have the group alone.
"""

import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterable
from typing import NamedTuple

from engineroom.keeper import kernel, log
from engineroom.keeper.cgroups.kept_files import KeptFiles
from engineroom.keeper.cgroups.mover import Mover
from engineroom.keeper.kernel import ResourceUsage

_PERIOD_MICROSECONDS = 100_000
_KILL_ROUNDS = 20
_LINKS_WITHOUT_FOLDERS = 2

_CLOSE_TRIES = 20
_CLOSE_PAUSE_SECONDS = 0.01
"""In version 1 a process that has just died may be in its cgroup for a moment more (do_exit and cgroup_exit in Linux)."""


class CgroupLimits(NamedTuple):
    """What a group may use at most; None: as much as there is."""

    memory_bytes: int | None = None
    cpus: float | None = None
    processes: int | None = None


class Trees(NamedTuple):
    """Our base folder for each purpose; None where nothing here serves it. With version 2 all are the same folder.

    `tracker` tells who is in a cell. `limits_version` is that of the controllers that limit, `tracker_version` that of the
    tracker: of a host that has both, the second one tracks.
    """

    tracker_version: int
    limits_version: int
    tracker: str
    memory: str | None
    cpu: str | None
    processes: str | None
    cpu_time: str | None

    @property
    def cells(self) -> tuple[str, ...]:
        """The bases in which each cell has a folder."""
        return tuple(dict.fromkeys(base for base in (self.tracker, self.memory, self.cpu_time) if base))

    @property
    def groups(self) -> tuple[str, ...]:
        """The bases in which only groups have a folder."""
        limiting = (base for base in (self.cpu, self.processes) if base)
        return tuple(dict.fromkeys(base for base in limiting if base not in self.cells))


class Cgroups:
    """The cgroups below our bases. A cell is named `GROUP/NAME`."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        elsewhere = [base for base in trees.cells if base != trees.tracker]
        self._mover = Mover(trees.tracker, elsewhere, trees.groups) if elsewhere or trees.groups else None
        self._kept = KeptFiles()
        self._reported: set[str] = set()
        self._refused: dict[str, CgroupLimits] = {}
        self._busy: set[str] = set()

    # Groups

    def make_group(self, group: str, limits: CgroupLimits) -> None:
        """Make a group, or set anew what one that is there may use. What the kernel refuses is logged."""
        for base in (*self.trees.cells, *self.trees.groups):
            made = self._make(f"{base}/{group}")
            if made and base == self.trees.memory and self.trees.limits_version == 2:
                write(f"{base}/{group}/cgroup.subtree_control", "+memory")
        self._set(group, limits)

    def _set(self, group: str, limits: CgroupLimits) -> None:
        self._refused.pop(group, None)
        for path, value in self._settings(group, limits):
            try:
                write(path, value)
            except OSError as error:
                self._refused[group] = limits
                self._report(path, error)

    def set_what_was_refused(self) -> None:
        """Try again to set limits: version 1 takes none that is less than what is used, until less is used."""
        for group, limits in tuple(self._refused.items()):
            self._set(group, limits)

    def _settings(self, group: str, limits: CgroupLimits) -> list[tuple[str, str]]:
        trees, version = self.trees, self.trees.limits_version
        settings = []
        if trees.memory:
            settings += memory_settings(f"{trees.memory}/{group}", limits.memory_bytes, version)
        if trees.cpu:
            settings.append(_cpu_setting(f"{trees.cpu}/{group}", limits.cpus, version))
        if trees.processes:
            settings.append((f"{trees.processes}/{group}/pids.max", _text(limits.processes, "max")))
        return settings

    def remove_group(self, group: str) -> None:
        """Remove a group that has no cell any more."""
        self._remove(group, (*self.trees.cells, *self.trees.groups))
        self._refused.pop(group, None)
        self._kept.forget(self._cpu_time(group))

    # Cells

    def make(self, cell: str) -> bool:
        """Make a cell in its group; return whether it was not there. Raises OSError; without a group FileNotFoundError."""
        if self._busy:
            group = cell.partition("/")[0]
            self._busy -= {f"{base}/{group}" for base in (*self.trees.cells, *self.trees.groups)}
        fresh = [self._make(f"{base}/{cell}") for base in self.trees.cells]
        return any(fresh)

    def _make(self, path: str) -> bool:
        """Make a folder; return whether it was not there."""
        self._busy.discard(path)
        try:
            os.mkdir(path)  # noqa: PTH102 - pathlib costs more than the system call
        except FileExistsError:
            return False
        return True

    def folder(self, cell: str) -> str:
        """Return where a process must be born to be in a cell."""
        return f"{self.trees.tracker}/{cell}"

    def entered(self, cell: str) -> None:
        """Take in that a process was born in a cell; `move` will put it into other trees than that one."""
        if self._mover is not None:
            self._mover.gather(cell)

    def found(self, cell: str, pid: int) -> None:
        """Take in that an earlier keeper's process is in a cell, perhaps not yet in all trees."""
        places = _read(f"/proc/{pid}/cgroup").decode(errors="replace").splitlines()
        base = self.trees.tracker.rpartition("/")[2]
        in_cells = [place for place in places if place.endswith(f"/{base}/{cell}")]
        in_groups = [place for place in places if place.endswith(f"/{base}/{cell.partition('/')[0]}")]
        if len(in_cells) < len(self.trees.cells) or len(in_groups) < len(self.trees.groups):
            with contextlib.suppress(OSError):
                self.make(cell)
            self.entered(cell)

    def move_due_monotonic(self) -> float | None:
        """Return when `move` is due, if nobody is born until then; None: nobody is to be moved."""
        return None if self._mover is None else self._mover.due_monotonic()

    def move(self) -> None:
        """Have whoever was born lately be in all trees."""
        if self._mover is not None:
            self._mover.move()

    def cells(self, group: str | None = None) -> list[str]:
        """Return the cells that there are, or those of one group."""
        base = self.trees.tracker
        groups = _names(base) if group is None else [group]
        return [f"{each}/{cell}" for each in groups for cell in _names(f"{base}/{each}")]

    def members(self, cell: str) -> list[int]:
        """Return the pids in a cell, none of them a zombie's; none when there is no such cell.

        Those are in it, too, that are in a cgroup which one of them has made there.
        """
        return members_of(f"{self.trees.tracker}/{cell}")

    def signal(self, cell: str, number: int) -> None:
        """Signal everybody in a cell whom we may."""
        for pid in self.members(cell):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def kill(self, cell: str) -> None:
        """Kill everybody in a cell, and who is being born in it meanwhile."""
        try:
            write(f"{self.trees.tracker}/{cell}/cgroup.kill", "1")
        except OSError:  # before Linux 5.14, and in version 1
            for _ in range(_KILL_ROUNDS):
                if not self.members(cell):
                    return
                self.signal(cell, signal.SIGKILL)

    def remove(self, cell: str) -> None:
        """Remove a cell that is empty, or have it removed when it is."""
        self._remove(cell, self.trees.cells)
        for path in self._counters(cell):
            self._kept.forget(path)

    def close(self) -> None:
        """Remove our bases, as far as nothing is in them."""
        if self._mover is not None:
            self._mover.close()
        self._remove("", (*self.trees.cells, *self.trees.groups))
        for _ in range(_CLOSE_TRIES):
            self.remove_what_was_busy()
            if not self._busy:
                break
            time.sleep(_CLOSE_PAUSE_SECONDS)

    def remove_what_was_busy(self) -> None:
        """Remove what could not be removed before, and was not made anew since."""
        # What is in a cgroup comes before it.
        self._busy = {path for path in sorted(self._busy, reverse=True) if not removed(path)}

    def _remove(self, path: str, bases: Iterable[str]) -> None:
        self._busy.update(whole for base in bases if not removed(whole := f"{base}/{path}".rstrip("/")))

    # What is counted

    def out_of_memory_kills(self, cell: str) -> int:
        """Return how many processes of a cell the kernel has killed because its group's memory was used up."""
        if not self.trees.memory:
            return 0
        name = "memory.events" if self.trees.limits_version == 2 else "memory.oom_control"
        return int(_fields(_read(f"{self.trees.memory}/{cell}/{name}")).get(b"oom_kill", 0))

    def most_memory_bytes(self, cell: str) -> int | None:
        """Return the most memory that a cell has used; None where nobody counts it (version 2 before Linux 5.19)."""
        if not self.trees.memory:
            return None
        name = "memory.peak" if self.trees.limits_version == 2 else "memory.max_usage_in_bytes"
        text = _read(f"{self.trees.memory}/{cell}/{name}").strip()
        return int(text) if text.isdigit() else None

    def usage(self, cell: str) -> ResourceUsage:
        """Return what a cell uses."""
        who, cpu_time, memory = self._counters(cell)
        # Of version 1 a list of members that stays open may be an old one (cgroup_pidlist_start in cgroup-v1.c).
        text = self._kept.read(who) if self.trees.tracker_version == 2 else _read(who)
        members = text.split()
        return ResourceUsage(self._cpu_seconds(cpu_time), self._memory_bytes(memory, members), len(members))

    def cpu_seconds(self, group: str) -> float | None:
        """Return the CPU time of all that runs in a group, and of all that did."""
        return self._cpu_seconds(self._cpu_time(group))

    def _counters(self, cell: str) -> tuple[str, str, str]:
        """Return the files that tell who is in a cell, its CPU time and its memory; an empty name for what none tells."""
        trees = self.trees
        counts_memory = trees.memory and trees.limits_version == 2
        return (
            f"{trees.tracker}/{cell}/cgroup.procs",
            self._cpu_time(cell),
            f"{trees.memory}/{cell}/memory.stat" if counts_memory else "",
        )

    def _cpu_time(self, path: str) -> str:
        name = "cpu.stat" if self.trees.tracker_version == 2 else "cpuacct.usage"
        return f"{self.trees.cpu_time}/{path}/{name}" if self.trees.cpu_time else ""

    def _cpu_seconds(self, path: str) -> float | None:
        text = self._kept.read(path) if path else b""
        if self.trees.tracker_version == 2:
            # usage_usec comes first in the file.
            return int(text[11 : text.index(b"\n")]) / 1e6 if text.startswith(b"usage_usec ") else None
        return int(text) / 1e9 if text else None

    def _memory_bytes(self, path: str, members: Iterable[bytes]) -> int | None:
        """Return the memory without what the page cache holds, which the kernel gives back before anybody is killed.

        In version 1 a process brings nothing along of what it had when it was moved to its cell, so each is asked itself.
        """
        if not path:
            return sum(kernel.resident_bytes(int(pid)) for pid in members)
        text = self._kept.read(path)
        # `anon` comes first in the file.
        return int(text[5 : text.index(b"\n")]) if text.startswith(b"anon ") else None

    def _report(self, path: str, error: OSError) -> None:
        name = path.rpartition("/")[2]
        if name not in self._reported:
            self._reported.add(name)
            log.write("warning", "cgroup.refused", "A limit cannot be set.", path=path, reason=str(error))


def memory_settings(folder: str, limit: int | None, version: int) -> list[tuple[str, str]]:
    """Return what to write into which files of a cgroup for it to have this much memory."""
    if version == 2:
        # A size is what there is: swap on top of it would make the limit mean nothing in particular.
        swap = [(f"{folder}/memory.swap.max", "max" if limit is None else "0")]
        swap = [entry for entry in swap if os.path.exists(entry[0])]  # noqa: PTH110 - a kernel without swap accounting
        return [(f"{folder}/memory.max", _text(limit, "max")), *swap]
    both = f"{folder}/memory.memsw.limit_in_bytes"
    memory, text = f"{folder}/memory.limit_in_bytes", _text(limit, "-1")
    if not os.path.exists(both):  # noqa: PTH110 - as above
        return [(memory, text)]
    # Memory may never have a higher limit than memory with swap, on the way neither.
    return [(both, "-1"), (memory, text), (both, text)]


def _cpu_setting(folder: str, cpus: float | None, version: int) -> tuple[str, str]:
    quota = None if cpus is None else int(cpus * _PERIOD_MICROSECONDS)
    if version == 2:
        return f"{folder}/cpu.max", f"{_text(quota, 'max')} {_PERIOD_MICROSECONDS}"
    return f"{folder}/cpu.cfs_quota_us", _text(quota, "-1")


def _text(value: int | None, unlimited: str) -> str:
    return unlimited if value is None else str(value)


def _fields(text: bytes) -> dict[bytes, bytes]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=False))


def members_of(path: str) -> list[int]:
    """Return the pids in the cgroup with this folder, and in those that were made there; none when there is none."""
    return [*map(int, _pids(path).split()), *(pid for inner in _made_in(path) for pid in members_of(inner))]


def _pids(path: str) -> bytes:
    try:
        return _read(f"{path}/cgroup.procs")
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        # Somebody has made it a threaded one, which tells its threads alone.
        return _read(f"{path}/cgroup.threads")


def _names(path: str) -> list[str]:
    """Return the names of the cgroups in a cgroup that were made for groups or cells."""
    names = (inner.rpartition("/")[2] for inner in _made_in(path))
    return [name for name in names if not name.startswith(".")]


def _made_in(path: str) -> list[str]:
    """Return the cgroups in a cgroup."""
    try:
        if os.stat(path).st_nlink == _LINKS_WITHOUT_FOLDERS:  # noqa: PTH116 - as above
            return []
        with os.scandir(path) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def removed(path: str) -> bool:
    """Remove a cgroup with those that were made in it; return whether it is gone."""
    try:
        for inner in _made_in(path):
            removed(inner)
        os.rmdir(path)  # noqa: PTH106 - as above
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def write(path: str, text: str) -> None:
    """Write into a file of the kernel's, in one piece. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _read(path: str) -> bytes:
    """Return the file; nothing when the cgroup is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    except OSError as error:
        if error.errno == errno.ENODEV:  # it was removed between the two calls
            return b""
        raise
    finally:
        os.close(descriptor)
