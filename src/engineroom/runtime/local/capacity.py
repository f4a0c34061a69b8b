"""What all that runs on this host may use: what the host has, or less where engineroom itself was given less."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from engineroom.model.instances.capacity import Capacity

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class LocalCapacity:
    """Looks at the host, and at the cgroups that its keeper is in: what it runs is below them, wherever the server is."""

    keeper_lock: Path

    def read(self) -> Capacity:
        """Return the capacity as it is now; what cannot be found out is unknown."""
        folders = list(cgroups_of_keeper(self.keeper_lock))
        return Capacity(
            memory_bytes=_least([_total_memory(), *map(memory_limit, folders)]),
            cpus=_least([_processors(_keeper(self.keeper_lock)), *map(cpu_limit, folders)]),
        )


def cgroups_of_keeper(lock: Path) -> Iterator[Path]:
    """Yield the cgroups that limit the keeper with this lock, and so what it runs."""
    own = _lines(f"/proc/{_keeper(lock)}/cgroup")
    return limiting_folders(_lines("/proc/self/mountinfo"), own)


def _keeper(lock: Path) -> int:
    """Return the pid of the keeper; before it has one, ours, from which it will be started."""
    text = _text(lock)
    return int(text) if text.isdecimal() and Path(f"/proc/{text}/cgroup").exists() else os.getpid()


def limiting_folders(mountinfo: Iterable[str], own: Iterable[str]) -> Iterator[Path]:
    """Yield the cgroups that a process is in, and those above, as far as they are mounted here, of every hierarchy.

    `mountinfo` are the lines of /proc/PID/mountinfo (proc(5)), `own` those of /proc/PID/cgroup (cgroups(7)).
    """
    places = dict(_places(own))
    for line in mountinfo:
        before, _, behind = line.partition(" - ")
        kind, _, options = behind.partition(" ")
        if kind not in ("cgroup", "cgroup2"):
            continue
        names = [""] if kind == "cgroup2" else options.split(" ")[-1].split(",")
        found = [places.pop(name) for name in names if name in places]
        root, mount = before.split(" ")[3:5]
        for path in found[:1]:
            below = _below(path, root)
            yield from (Path(mount) / part for part in (below, *below.parents))


def _places(own: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each controller of version 1 with its cgroup, and that of version 2 under no name."""
    for line in own:
        _, controllers, path = line.split(":", 2)
        yield from ((name, path) for name in controllers.split(","))


def _below(path: str, root: str) -> PurePosixPath:
    """Return a cgroup's path below what is mounted; of one that is elsewhere, as from another namespace, the top."""
    whole = PurePosixPath(path)
    if ".." in whole.parts or not whole.is_relative_to(root):
        return PurePosixPath()
    return whole.relative_to(root)


def memory_limit(cgroup: Path) -> int | None:
    """Return how much memory a cgroup of either version may use; None without a limit, or where that is not kept."""
    for name in ("memory.max", "memory.limit_in_bytes"):
        if (text := _text(cgroup / name)).isdecimal():
            return int(text)
    return None


def cpu_limit(cgroup: Path) -> float | None:
    """Return how many processors a cgroup of either version may use; None without a limit, or where that is not kept."""
    quota, _, period = _text(cgroup / "cpu.max").partition(" ")
    if not quota:
        quota, period = _text(cgroup / "cpu.cfs_quota_us"), _text(cgroup / "cpu.cfs_period_us")
    if not (quota.isdecimal() and period.isdecimal()):  # "max", or -1
        return None
    return int(quota) / int(period)


def _total_memory() -> int | None:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def _processors(pid: int) -> int | None:
    """Return how many a process may run on, which may be fewer than there are."""
    try:
        return len(os.sched_getaffinity(pid))
    except OSError:
        return os.cpu_count()


def _least(values: Iterable[Number | None]) -> Number | None:
    return min((value for value in values if value is not None), default=None)


def _lines(path: str) -> list[str]:
    return _text(Path(path)).splitlines()


def _text(path: Path) -> str:
    """Return what is in a file of the kernel's; of one that is not there, or may not be read, nothing."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""
