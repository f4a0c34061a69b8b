"""How many more processes and threads can be made here, and what bounds that."""

import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engineroom.runtime.local.capacity import cgroups_of_keeper

_KERNEL = Path("/proc/sys/kernel")
_ROOT = 0


@dataclass(frozen=True, slots=True)
class ProcessRoom:
    """Of so many there may be, there are so many; `remedy` is how to have more."""

    most: int
    there: int
    remedy: str

    @property
    def left(self) -> int:
        """How many more there may be."""
        return max(0, self.most - self.there)


def tightest(keeper_lock: Path) -> ProcessRoom | None:
    """Return the bound of which the least is left; None where none is known."""
    cgroups = (room for each in cgroups_of_keeper(keeper_lock) if (room := of_cgroup(each)) is not None)
    found = [*cgroups, *_of_host(), *_of_user()]
    return min(found, key=lambda room: room.left, default=None)


def of_cgroup(cgroup: Path) -> ProcessRoom | None:
    """Return what the controller pids of either version leaves; None without a limit, or where that is not kept."""
    most, there = _number(cgroup / "pids.max"), _number(cgroup / "pids.current")
    if most is None or there is None:
        return None
    remedy = (
        f"pids.max of {cgroup}: set TasksMax={4 * most} in the unit of engineroom (or of the slice above it), or give the "
        f"container --pids-limit {4 * most}"
    )
    return ProcessRoom(most, there, remedy)


def _of_host() -> Iterator[ProcessRoom]:
    there = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[2])
    for name in ("pid_max", "threads-max"):
        most = _number(_KERNEL / name)
        if most is not None:
            yield ProcessRoom(most, there, f"kernel.{name}: sysctl -w kernel.{name}={min(4 * most, 1 << 22)}")


def _of_user() -> Iterator[ProcessRoom]:
    """Yield what RLIMIT_NPROC leaves, which does not bind root (getrlimit(2))."""
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    if os.geteuid() == _ROOT or most == resource.RLIM_INFINITY:
        return
    remedy = (
        f"RLIMIT_NPROC: set LimitNPROC={4 * most} in its unit, or ulimit -Hu {4 * most} where it is started"
    )
    yield ProcessRoom(most, sum(map(_threads, _own())), remedy)


def _own() -> Iterator[Path]:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and entry.stat().st_uid == os.geteuid():
                yield entry
        except OSError:
            continue


def _threads(process: Path) -> int:
    try:
        return len(list((process / "task").iterdir()))
    except OSError:
        return 0


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
