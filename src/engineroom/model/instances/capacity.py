"""What there is of memory and processors: on a host, and for a replica by the size of its instance."""

from dataclasses import dataclass

from engineroom.model.instances import sizes
from engineroom.model.instances.instance import HOST_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How much there is; None: it is not known."""

    memory_bytes: int | None = None
    cpus: float | None = None


UNKNOWN = Capacity()


def is_shared(size: str) -> bool:
    """Return whether all replicas of this size use the same capacity, their host's, instead of one each."""
    return size == HOST_SIZE


def capacity_of(size: str, host: Capacity) -> Capacity:
    """Return what a replica of this size has on this host; of a size that is not known, nothing is known."""
    if is_shared(size):
        return host
    found = sizes.find(size)
    if found is None:
        return UNKNOWN
    return Capacity(memory_bytes=found.memory_mib * 1024 * 1024, cpus=float(found.cpu_count))
