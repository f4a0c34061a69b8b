"""Which processes of a keeper live on this host, as the kernel says: by their birth marks and their cgroups.

`keeper/containment/birth_marks.py` describes the marks.
"""

import json
import os
from binascii import crc32
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LINE = "Max file locks"
_KEEPER_SHIFT, _KEEPER_BITS = 40, 23
_DEAD = ("Z", "X")
_MAX_COMMAND_LENGTH = 80


class Survivor(NamedTuple):
    """A living process."""

    pid: int
    command: str


def of_keeper(folder: Path) -> list[Survivor]:
    """Return what lives of what the keeper of this folder, or an earlier one, has started."""
    name = _name(folder)
    found = set(_in_cgroups(folder))
    if name:
        mark = crc32(name.encode()) & ((1 << _KEEPER_BITS) - 1)
        variable = f"ENGINEROOM_KEEPER={name}".encode()
        found |= {pid for pid in _pids() if _is_marked(pid, mark) or variable in _environment(pid)}
    return [Survivor(pid, _command(pid)) for pid in sorted(found - {os.getpid()}) if _is_alive(pid)]


def keepers(folder: Path) -> list[Survivor]:
    """Return the keepers of this folder that live, even if it was removed: by how they were started, and by whom."""
    words = b"\0-m\0engineroom.keeper\0" + os.fsencode(folder) + b"\0"
    users = (0, os.geteuid())
    # Not at the end: one that has executed itself anew was given more than the folder.
    found = [pid for pid in _pids() if words in _read(pid, "cmdline") and _user(pid) in users]
    return [Survivor(pid, _command(pid)) for pid in found if _is_alive(pid)]


def _user(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None


def _name(folder: Path) -> str:
    try:
        return str(json.loads((folder / "identity").read_bytes())["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _in_cgroups(folder: Path) -> Iterator[int]:
    try:
        base = Path(json.loads((folder / "cgroups.json").read_bytes())["trees"]["tracker"])
        cells = list(base.glob("[!.]*/**/cgroup.procs"))
    except (OSError, ValueError, KeyError, TypeError):
        return
    for cell in cells:
        try:
            yield from map(int, cell.read_text(encoding="ascii").split())
        except OSError:
            continue  # it was removed meanwhile, or tells its threads alone: those have marks


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _is_marked(pid: int, mark: int) -> bool:
    found = _read(pid, "limits").decode(errors="replace").partition(_LINE)[2].split()[:1]
    return bool(found) and found[0].isdecimal() and int(found[0]) >> _KEEPER_SHIFT == mark


def _environment(pid: int) -> list[bytes]:
    return _read(pid, "environ").split(b"\0")


def _is_alive(pid: int) -> bool:
    state = _read(pid, "stat").rpartition(b")")[2].split()[:1]
    return bool(state) and state[0].decode() not in _DEAD


def _command(pid: int) -> str:
    words = _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
    return words[:_MAX_COMMAND_LENGTH] or _read(pid, "comm").decode(errors="replace").strip()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
