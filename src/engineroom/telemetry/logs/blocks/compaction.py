"""Which small blocks are to be made one: pure."""

from collections.abc import Sequence

FULL_BYTES = 512 * 1024
"""A block of this size is left as it is. Larger ones take longer to look into, smaller ones take more room."""

_FANOUT = 8
_SMALLEST = 1024


def blocks_to_compact(sizes: Sequence[int]) -> int:
    """Return how many of the newest blocks to make one, given the sizes of those that are not full, oldest first; or 0.

    Each byte is written again only about as often as eight fits into the ratio of the full size to that of a first block:
    blocks wait until there are eight of their class, whose sizes are within a factor of eight.
    """
    if sum(sizes) >= FULL_BYTES:
        return len(sizes) if len(sizes) > 1 else 0
    largest = 0
    for count, size in enumerate(reversed(sizes), start=1):
        largest = max(largest, _class(size))
        next_is_larger = count == len(sizes) or _class(sizes[-count - 1]) > largest
        if next_is_larger and count >= _FANOUT and _of_class(sizes[-count:], largest) >= _FANOUT:
            return count
    return 0


def _class(size: int) -> int:
    return max(0, (size // _SMALLEST).bit_length() - 1) // 3


def _of_class(sizes: Sequence[int], wanted: int) -> int:
    return sum(_class(size) == wanted for size in sizes)
