"""Sizes in answers (contract sheet, section 3.6)."""

from msgspec import Struct

from engineroom.model.instances.sizes import Size


class SizeEntry(Struct):
    """One size; all keys are required by clients, and the counts must be integers."""

    name: str
    label: str
    description: str
    cpu_type: str
    compute_class: str
    cpu_count: int
    memory_mib: int


class SizeGroups(Struct):
    """The two groups; there are no managed queues here."""

    general: list[SizeEntry]
    managed_queue: list[SizeEntry]


class Sizes(Struct):
    """The answer: it is no JSON:API document."""

    data: SizeGroups


def show(size: Size) -> SizeEntry:
    """Return the entry of a size."""
    return SizeEntry(
        name=size.name,
        label=size.label,
        description=size.description,
        cpu_type=size.family,
        compute_class=size.compute_class,
        cpu_count=size.cpu_count,
        memory_mib=size.memory_mib,
    )
