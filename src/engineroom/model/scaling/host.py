"""How many more processes a host can carry."""

import math
from dataclasses import dataclass, replace

FULL = "the host has no "
"""What every reason that there is no room begins with."""

_GUESSED_MEMORY_BYTES = 64 * 1024 * 1024
_GUESSED_CORES = 0.1
"""What a process of which nothing is known yet may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the host has, or engineroom was given of it, and what of that is free. None is not known, and bounds nothing.

    `reserved_share` of it is kept free.
    """

    memory_bytes: int | None
    memory_available_bytes: int | None
    cores: float
    cores_used: float | None
    reserved_share: float = 0.15


@dataclass(frozen=True, slots=True)
class Room:
    """How many more processes there is room for, and what binds."""

    more: int
    reason: str


def with_more(
    host: Host, more: int, *, process_memory_bytes: int | None, process_cores: float | None
) -> Host:
    """Return what of the host is left when so many more processes have come: what they take is not to be promised twice."""
    memory, cores = host.memory_available_bytes, host.cores_used
    return replace(
        host,
        memory_available_bytes=None
        if memory is None
        else max(0, memory - more * (process_memory_bytes or _GUESSED_MEMORY_BYTES)),
        cores_used=None if cores is None else cores + more * (process_cores or _GUESSED_CORES),
    )


def room(host: Host, *, process_memory_bytes: int | None, process_cores: float | None) -> Room | None:
    """Return for how many more such processes there is room beside what is kept free; None: nothing is known."""
    rooms = []
    if host.memory_bytes is not None and host.memory_available_bytes is not None:
        free = host.memory_available_bytes - host.reserved_share * host.memory_bytes
        each = process_memory_bytes or _GUESSED_MEMORY_BYTES
        megabytes = host.memory_available_bytes // 1_000_000
        rooms.append(
            Room(
                max(0, math.floor(free / each)),
                f"{FULL}memory for more ({megabytes} MB available, {each // 1_000_000} MB each)",
            )
        )
    if host.cores_used is not None:
        free = (1.0 - host.reserved_share) * host.cores - host.cores_used
        each_cores = max(process_cores or _GUESSED_CORES, 0.01)
        rooms.append(
            Room(
                max(0, math.floor(free / each_cores)),
                f"{FULL}CPU for more ({host.cores_used:.1f} of {host.cores:g} cores in use, "
                f"{each_cores:.2f} each)",
            )
        )
    return min(rooms, key=lambda one: one.more, default=None)
