"""What a process of this host has done so far, as the kernel counts it (proc(5))."""

import os

from engineroom.model.processes.activity import Activity

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_WAITS = b"\nvoluntary_ctxt_switches:"


def read(pid: int) -> Activity | None:
    """Return the figures of a process; None when it is gone."""
    try:
        stat = _content(f"/proc/{pid}/stat")
        status = _content(f"/proc/{pid}/status")
        children = _content(f"/proc/{pid}/task/{pid}/children")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, parentheses and blanks too; what follows the last one is numbers.
    fields = stat[stat.rindex(b")") + 2 :].split()
    waits = status.partition(_WAITS)[2].split(maxsplit=1)
    return Activity(
        cpu_seconds=sum(map(int, fields[11:15])) / _TICKS,
        memory_bytes=int(fields[21]) * _PAGE_BYTES,
        waits=int(waits[0]) if waits else 0,
        has_children=bool(children.strip()),
    )


def _content(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - a Path costs as much as the read
        return file.read()
