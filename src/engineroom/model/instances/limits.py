"""What a replica may use at most, by the size of its instance, and what it does use."""

from collections.abc import Mapping
from dataclasses import dataclass

from engineroom.model.instances import sizes

_PROCESSES_PER_CPU = 1024
"""No source gives a number. Threads count too; this is far above what is sane, and far below what harms a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What all processes of one replica may use together; None: as much as there is."""

    memory_bytes: int | None = None
    cpus: float | None = None
    processes: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process with all that descends from it, or one replica, uses; None: it cannot be counted here.

    `cpu_seconds` are of all its lives. `cpu_percent` is of one processor, over the last seconds. `memory_bytes` are without
    the page cache, which the kernel gives back before anybody is killed.
    """

    cpu_seconds: float | None
    cpu_percent: float | None
    memory_bytes: int | None
    processes: int | None


def in_words(size: str) -> str:
    """Return what a size means for who runs something: the limits, for people."""
    found = sizes.find(size)
    if found is None:
        return "no limits: what this host has"
    return f"{found.description}, for all processes of a replica together; what takes more memory is killed"


def limits_told(size: str, unenforced: Mapping[str, str]) -> str:
    """Return a sentence on what limits processes, by the size of their instance, and what a host does not keep of it.

    `unenforced` says of memory, cpu and processes why they cannot be limited there.
    """
    found = sizes.find(size)
    if found is None:
        return f"Nothing limits what it uses: the size {size} of its instance is all that this host has"
    most = found.cpu_count * _PROCESSES_PER_CPU
    asked = (
        f"The size {size} of its instance limits all processes of a replica together to {found.description} "
        f"and {most} processes; what takes more memory is killed"
    )
    if not unenforced:
        return asked
    reasons = "; ".join(sorted(set(unenforced.values())))
    return f"{asked}. This host does not limit {', '.join(sorted(unenforced))}: {reasons}"


def limits_of(size: str) -> Limits:
    """Return what a replica of this size may use; of a size that is not known, no limits."""
    found = sizes.find(size)
    if found is None:
        return UNLIMITED
    return Limits(
        memory_bytes=found.memory_mib * 1024 * 1024,
        cpus=float(found.cpu_count),
        processes=found.cpu_count * _PROCESSES_PER_CPU,
    )
