"""Sizes: how many processors and how much memory each replica of an instance has (contract sheet, section 3.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class SizeGroup(StrEnum):
    """Which list of the sizes endpoint has a size; `legacy` ones are accepted and no longer offered."""

    GENERAL = "general"
    MANAGED_QUEUE = "managed_queue"
    LEGACY = "legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One InstanceSize of the contract.

    `family` is `flex`, `pro` or `dedicated`; `compute_class` is family and class, such as `flex.g`. `offered` says whether
    the sizes endpoint lists it.
    """

    name: str
    group: SizeGroup
    family: str
    compute_class: str
    cpu_count: int
    memory_mib: int
    offered: bool

    @property
    def label(self) -> str:
        """The family for people: `Flex`, `Pro` or `Dedicated`."""
        return self.family.capitalize()

    @property
    def description(self) -> str:
        """The figures for people, such as `2 vCPU · 1 GiB RAM`."""
        memory = f"{self.memory_mib} MiB" if self.memory_mib < _MIB_PER_GIB else _gib(self.memory_mib)
        return f"{self.cpu_count} vCPU \u00b7 {memory} RAM"


_MIB_PER_GIB = 1024
_CPU_COUNTS = (1, 2, 4, 8)
_CLASSES = ("c", "g", "m")
_MIN_MIB = {
    "flex": {"c": 256, "g": 512, "m": 1024},
    "pro": {"c": 1024, "g": 2048, "m": 4096},
    "dedicated": {"c": 2048, "g": 4096, "m": 8192},
}
"""The memory of one vCPU; that of more is as many times as much."""

_MANAGED_QUEUE_LADDERS = {
    "mq-pro-": ("pro", 8192),
    "mq-dedicated-": ("dedicated", 16384),
    "mq.flex.": ("flex", 2048),
    "mq.pro.": ("pro", 8192),
    "mq.dedicated.flex.": ("dedicated", 2048),
    "mq.dedicated.pro.": ("dedicated", 16384),
}
"""The start of each managed queue's name, its family, and the most memory; each step from 256 MiB doubles it."""

_LEGACY_MIB = (512, 1024, 2048)


def _gib(memory_mib: int) -> str:
    return f"{memory_mib // _MIB_PER_GIB} GiB"


def _named(memory_mib: int) -> str:
    """Return memory as it stands in names: `512mb`, `1gb`."""
    return f"{memory_mib}mb" if memory_mib < _MIB_PER_GIB else f"{memory_mib // _MIB_PER_GIB}gb"


def _general() -> Iterator[Size]:
    """Give the sizes of every instance in the order of the sizes endpoint: by processors, within them c, g, m."""
    for family, smallest in _MIN_MIB.items():
        for cpu_count in _CPU_COUNTS:
            for of_class in _CLASSES:
                memory_mib = smallest[of_class] * cpu_count
                compute_class = f"{family}.{of_class}"
                yield Size(
                    name=f"{compute_class}-{cpu_count}vcpu-{_named(memory_mib)}",
                    group=SizeGroup.GENERAL,
                    family=family,
                    compute_class=compute_class,
                    cpu_count=cpu_count,
                    memory_mib=memory_mib,
                    # Recorded answers have no dedicated ones.
                    offered=family != "dedicated",
                )


def _managed_queues() -> Iterator[Size]:
    """Give the sizes of managed queues. Their names say no number of processors: one is what the contract can carry."""
    for start, (family, most_mib) in _MANAGED_QUEUE_LADDERS.items():
        memory_mib = 256
        while memory_mib <= most_mib:
            yield Size(
                name=f"{start}{_named(memory_mib)}",
                group=SizeGroup.MANAGED_QUEUE,
                family=family,
                compute_class=start.rstrip(".-"),
                cpu_count=1,
                memory_mib=memory_mib,
                offered=False,
            )
            memory_mib *= 2


def _legacy() -> Iterator[Size]:
    """Give the sizes under their old names, which say no number of processors: they had one, as the smallest have."""
    for memory_mib in _LEGACY_MIB:
        yield Size(
            name=f"flex-{_named(memory_mib)}",
            group=SizeGroup.LEGACY,
            family="flex",
            compute_class="flex",
            cpu_count=1,
            memory_mib=memory_mib,
            offered=False,
        )


SIZES = (*_general(), *_managed_queues(), *_legacy())
"""Every InstanceSize, in the order in which the sizes endpoint lists those that it offers."""

_BY_NAME = {size.name: size for size in SIZES}


def find(name: str) -> Size | None:
    """Return the size of this name; None when the contract has none of it."""
    return _BY_NAME.get(name)
