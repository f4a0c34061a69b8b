"""Where this host's cgroup hierarchies are mounted, and where in them we are (cgroups(7))."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

UNIFIED = "unified"
"""The name under which the hierarchy of version 2 is found beside the controllers of version 1."""


class Hierarchy(NamedTuple):
    """One mounted hierarchy. `mount` is its folder, `own` the folder of the cgroup that we are in."""

    version: int
    mount: str
    own: str


def find() -> dict[str, Hierarchy]:
    """Return this host's hierarchies; see `parse`."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    own = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="surrogateescape")
    return parse(mounts.splitlines(), own.splitlines())


def parse(mountinfo: Iterable[str], own: Iterable[str]) -> dict[str, Hierarchy]:
    """Return each hierarchy by the names of its version 1 controllers, and that of version 2 as `unified`.

    `mountinfo` are the lines of /proc/PID/mountinfo (proc(5)), `own` those of /proc/PID/cgroup.
    """
    cgroups = _own_cgroups(own)
    found: dict[str, Hierarchy] = {}
    for line in mountinfo:
        place, _, source = line.partition(" - ")
        kind, _, options = source.partition(" ")
        if kind not in ("cgroup", "cgroup2"):
            continue
        root, mount = (_unescaped(field) for field in place.split(" ")[3:5])
        names = [UNIFIED] if kind == "cgroup2" else options.split(" ")[-1].split(",")
        for name in names:
            if name in cgroups and name not in found:
                version = 2 if kind == "cgroup2" else 1
                found[name] = Hierarchy(version, mount, mount + _below(cgroups[name], root))
    return found


def _own_cgroups(lines: Iterable[str]) -> dict[str, str]:
    """Return our cgroup in each hierarchy: `4:memory:/a` and `0::/b` are lines of the file."""
    found = {}
    for line in lines:
        _, controllers, path = line.rstrip("\n").split(":", 2)
        for name in controllers.split(",") if controllers else [UNIFIED]:
            found[name] = path
    return found


def _below(path: str, root: str) -> str:
    """Return a cgroup's path below what is mounted, which in a container is not the whole hierarchy."""
    is_below = path == root or path.startswith(f"{root}/")
    relative = path[len(root) :] if root != "/" and is_below else path
    return relative.rstrip("/")


def _unescaped(field: str) -> str:
    """Undo the octal escapes of mountinfo, such as `\\040` for a blank."""
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
