"""What this host has and what of it is free: of the whole, or of the cgroup above engineroom that has the least left."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engineroom.model.scaling.host import Host
from engineroom.runtime.local.capacity import cgroups_of_keeper, cpu_limit, memory_limit

_MIN_SECONDS = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")
_WHOLE = ""
"""The name of the host among cgroups."""


class _Memory(NamedTuple):
    total: int
    available: int


class _Cores(NamedTuple):
    there: float
    used: float


class LocalHost:
    """Looks at the host. CPU use is the mean since the look before, so that there is none at first."""

    def __init__(self, reserved_share: float, keeper_lock: Path) -> None:
        self._reserved_share = reserved_share
        self._keeper_lock = keeper_lock
        self._before = _busy_seconds(self._cgroups())
        self._before_at = time.monotonic()
        self._used: Mapping[str, float] = {}

    def read(self) -> Host:
        """Return the host as it is now, or the part of it that what runs here is limited to."""
        cgroups = self._cgroups()
        self._look(cgroups)
        memory = self._scarcest_memory(cgroups)
        cores = self._scarcest_cores(cgroups)
        return Host(
            memory_bytes=memory and memory.total,
            memory_available_bytes=memory and memory.available,
            cores=cores.there if cores else os.cpu_count() or 1,
            cores_used=cores and cores.used,
            reserved_share=self._reserved_share,
        )

    def _cgroups(self) -> Sequence[Path]:
        return list(cgroups_of_keeper(self._keeper_lock))

    def _look(self, cgroups: Sequence[Path]) -> None:
        now = time.monotonic()
        if now - self._before_at < _MIN_SECONDS:
            return
        busy = _busy_seconds(cgroups)
        seconds = now - self._before_at
        self._used = {
            name: max(0.0, busy[name] - self._before[name]) / seconds
            for name in busy.keys() & self._before.keys()
        }
        self._before, self._before_at = busy, now

    def _scarcest_memory(self, cgroups: Sequence[Path]) -> _Memory | None:
        found = [_of_host(), *map(memory_of_cgroup, cgroups)]
        known = [each for each in found if each is not None]
        return min(known, key=lambda each: each.available - self._reserved_share * each.total, default=None)

    def _scarcest_cores(self, cgroups: Sequence[Path]) -> _Cores | None:
        limits = {str(each): cpu_limit(each) for each in cgroups} | {_WHOLE: float(os.cpu_count() or 1)}
        known = [
            _Cores(limit, self._used[name])
            for name, limit in limits.items()
            if limit is not None and name in self._used
        ]
        return min(
            known, key=lambda each: (1.0 - self._reserved_share) * each.there - each.used, default=None
        )


def _busy_seconds(cgroups: Sequence[Path]) -> dict[str, float]:
    """Return the CPU time that the host was at work, and that each cgroup with a limit has used."""
    found = {_WHOLE: _busy_seconds_of_host()}
    for cgroup in cgroups:
        used = cpu_seconds_of_cgroup(cgroup) if cpu_limit(cgroup) is not None else None
        if used is not None:
            found[str(cgroup)] = used
    return found


def _busy_seconds_of_host() -> float:
    """Return the time that all cores together were at work: all but idle and waiting for a device (proc(5))."""
    first = Path("/proc/stat").read_text().split("\n", 1)[0]
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + softirq) / _TICKS


def cpu_seconds_of_cgroup(cgroup: Path) -> float | None:
    """Return the CPU time that a cgroup of either version has used; None where that is not counted."""
    microseconds = _fields(cgroup / "cpu.stat").get("usage_usec")
    if microseconds is not None:
        return microseconds / 1e6
    nanoseconds = _number(cgroup / "cpuacct.usage")
    return None if nanoseconds is None else nanoseconds / 1e9


def memory_of_cgroup(cgroup: Path) -> _Memory | None:
    """Return the limit of a cgroup of either version, and what is left of it: what is only cached is given back."""
    limit = memory_limit(cgroup)
    used = _number(cgroup / "memory.current", cgroup / "memory.usage_in_bytes")
    if limit is None or used is None:
        return None
    stat = _fields(cgroup / "memory.stat")
    cached = stat.get("total_inactive_file", stat.get("inactive_file", 0))
    return _Memory(limit, max(0, limit - used + cached))


def _of_host() -> _Memory | None:
    found = _fields(Path("/proc/meminfo"))
    try:
        return _Memory(found["MemTotal:"] * 1024, found["MemAvailable:"] * 1024)
    except KeyError:
        return None


def _fields(path: Path) -> dict[str, int]:
    """Return the numbers in a file of the kernel's by the words before them; of one that is not there, none."""
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except OSError:
        return {}
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdecimal()}


def _number(*paths: Path) -> int | None:
    for path in paths:
        try:
            return int(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None
