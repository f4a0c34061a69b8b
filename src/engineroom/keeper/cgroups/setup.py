"""Finding a place for our cgroups on this host, once when the keeper starts."""

import binascii
import contextlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from engineroom.keeper import log
from engineroom.keeper.cgroups import hierarchies
from engineroom.keeper.cgroups.cgroups import Cgroups, Trees
from engineroom.keeper.cgroups.hierarchies import UNIFIED, Hierarchy

MEMORY, CPU, PROCESSES = "memory", "cpu", "processes"

_CONTROLLERS = {MEMORY: "memory", CPU: "cpu", PROCESSES: "pids"}
REMEMBERED_NAME = "cgroups.json"
KEEPER_CELL = ".keeper"
"""No group can have this name: those of groups do not begin with a dot."""
_DELEGATED = ("user.delegate", "trusted.delegate")
"""What systemd marks a cgroup with that it leaves to a service (systemd.resource-control(5), Delegate=)."""

ADVICE = "run engineroom as root, or as a systemd service with Delegate=yes"


class Setup(NamedTuple):
    """What was found. `unlimited` says of memory, cpu and processes why they cannot be limited, where they cannot.

    Without `cgroups` a process is held together by its process group alone.
    """

    kind: str
    cgroups: Cgroups | None
    unlimited: dict[str, str]


def set_up(folder: Path, boot: str) -> Setup:
    """Return this host's cgroups for the keeper of a folder, with ours made. Never raises: then there are none.

    An earlier keeper's place in the same boot is taken again, wherever this one was started from.
    """
    try:
        trees = _remembered(folder, boot) or _make_trees(folder)
    except OSError as error:
        reason = f"cannot use cgroups: {error}; {ADVICE}"
        return Setup("none", None, dict.fromkeys(_CONTROLLERS, reason))
    remember(folder, boot, trees)
    kind = f"cgroup v{trees.limits_version}"
    places = {MEMORY: trees.memory, CPU: trees.cpu, PROCESSES: trees.processes}
    missing = f"the {kind} controller is not there; {ADVICE}"
    return Setup(kind, Cgroups(trees), {what: missing for what, base in places.items() if base is None})


def _remembered(folder: Path, boot: str) -> Trees | None:
    try:
        known = json.loads((folder / REMEMBERED_NAME).read_bytes())
        trees = Trees(**known["trees"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    there = all(os.access(base, os.W_OK) for base in (*trees.cells, *trees.groups))
    if known["boot"] != boot or not there:
        return None
    # What was missing may be there now, if somebody did as he was told. But whoever is in a cgroup must be found in it.
    is_complete = None not in (trees.memory, trees.cpu, trees.processes)
    return trees if is_complete or Cgroups(trees).members("") else None


def remember(folder: Path, boot: str, trees: Trees) -> None:
    """Write down where our cgroups are in this boot."""
    try:
        file = os.open(folder / REMEMBERED_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            json.dump({"boot": boot, "trees": trees._asdict()}, stream)
    except OSError as error:
        log.write("error", "cgroups.forgotten", "Cannot write down where our cgroups are.", reason=str(error))


def _make_trees(folder: Path) -> Trees:
    found = hierarchies.find()
    # A name that tells folders apart; a better hash would load OpenSSL, a sixth of all the memory.
    name = f"engineroom-{binascii.crc32(bytes(folder)):08x}"
    unified = found.get(UNIFIED)
    if unified is not None and "memory" in words_in(f"{unified.mount}/cgroup.controllers"):
        return _second_version(unified, name)
    return _first_version(found, name)


def _second_version(unified: Hierarchy, name: str) -> Trees:
    """Make our base in the one tree, below our own cgroup if that was left to us, else at the top."""
    delegated = os.geteuid() != 0 or is_delegated(unified.own)
    parent = unified.own if delegated else unified.mount
    base = f"{parent}/{name}"
    os.makedirs(f"{base}/{KEEPER_CELL}", exist_ok=True)  # noqa: PTH103
    # Whoever gives controllers to its children may have no process itself; and a keeper that was started by a service
    # must not end with it.
    movable = words_in(f"{parent}/cgroup.procs") if delegated else [str(os.getpid())]
    for pid in movable:
        with contextlib.suppress(ProcessLookupError):
            _write(f"{base}/{KEEPER_CELL}/cgroup.procs", pid)
    for giver in (parent, base):
        for controller in _CONTROLLERS.values():
            _give(giver, controller)
    given = words_in(f"{base}/cgroup.subtree_control")
    places = {what: base if controller in given else None for what, controller in _CONTROLLERS.items()}
    return Trees(tracker_version=2, limits_version=2, tracker=base, cpu_time=base, **places)


def _first_version(found: dict[str, Hierarchy], name: str) -> Trees:
    """Make a base in the tree of each controller, below our own cgroup there."""
    places = {what: _base(found, controller, name) for what, controller in _CONTROLLERS.items()}
    tracker = _base(found, UNIFIED, name)
    tracker_version = 1 if tracker is None else 2
    tracker = tracker or places[PROCESSES] or places[MEMORY] or _base(found, "freezer", name)
    if tracker is None:
        raise OSError("no hierarchy is mounted that we may write to")
    cpu_time = tracker if tracker_version == 2 else _base(found, "cpuacct", name)
    return Trees(
        tracker_version=tracker_version, limits_version=1, tracker=tracker, cpu_time=cpu_time, **places
    )


def _base(found: dict[str, Hierarchy], controller: str, name: str) -> str | None:
    if controller not in found:
        return None
    base = f"{found[controller].own}/{name}"
    try:
        os.makedirs(base, exist_ok=True)  # noqa: PTH103
    except OSError as error:
        log.write("warning", "cgroups.refused", "Cannot make a cgroup.", path=base, reason=str(error))
        return None
    return base


def is_delegated(path: str) -> bool:
    """Return whether a cgroup of version 2 was left to whoever is in it."""
    for name in _DELEGATED:
        with contextlib.suppress(OSError):
            return os.getxattr(path, name) == b"1"
    return False


def _give(path: str, controller: str) -> None:
    """Have the children of a cgroup limited by a controller; one that is not to be had is found missing later."""
    try:
        _write(f"{path}/cgroup.subtree_control", f"+{controller}")
    except OSError as error:
        log.write("warning", "cgroups.refused", f"Cannot use {controller}.", path=path, reason=str(error))


def words_in(path: str) -> list[str]:
    """Return the words in a file of the kernel's. Raises OSError."""
    return Path(path).read_text(encoding="ascii").split()


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="ascii")
