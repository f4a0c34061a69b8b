"""What this host has and what of it is free, as its kernel counts it (proc(5))."""

import os
import time
from pathlib import Path

from engineroom.model.scaling.host import Host

_MIN_SECONDS = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")


class LocalHost:
    """Looks at the host. CPU use is the mean since the look before, so that there is none at first."""

    def __init__(self, reserved_share: float) -> None:
        self._reserved_share = reserved_share
        self._before = _busy_seconds()
        self._before_at = time.monotonic()
        self._cores_used: float | None = None

    def read(self) -> Host:
        """Return the host as it is now."""
        now = time.monotonic()
        if now - self._before_at >= _MIN_SECONDS:
            busy = _busy_seconds()
            self._cores_used = (busy - self._before) / (now - self._before_at)
            self._before, self._before_at = busy, now
        memory = _memory()
        return Host(
            memory_bytes=memory.get("MemTotal"),
            memory_available_bytes=memory.get("MemAvailable"),
            cores=os.cpu_count() or 1,
            cores_used=self._cores_used,
            reserved_share=self._reserved_share,
        )


def _busy_seconds() -> float:
    """Return the time that all cores together were at work: all but idle and waiting for a device."""
    first = Path("/proc/stat").read_text().split("\n", 1)[0]
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + softirq) / _TICKS


def _memory() -> dict[str, int]:
    found = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in {"MemTotal", "MemAvailable"}:
            found[name] = int(rest.split()[0]) * 1024
    return found
