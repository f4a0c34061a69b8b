"""What was found out about an entry, in one byte: blocks keep one for each entry, and a mask of those that occur."""

from collections.abc import Collection

from engineroom.model.logs.log import LogCode, LogLevel, LogType

_LEVELS = (LogLevel.DEBUG, LogLevel.INFO, LogLevel.WARNING, LogLevel.ERROR)
_TYPES = (LogType.APPLICATION, LogType.ACCESS, LogType.EXCEPTION, LogType.SYSTEM)
# The places in these two are on disk: they never move.

CODES = tuple(LogCode(level, type_, cut) for cut in (False, True) for type_ in _TYPES for level in _LEVELS)
"""What each byte stands for."""

BYTES = {(code.level, code.type): number for number, code in enumerate(CODES[:16])}
"""The byte of a level and a type, of an entry that is not cut."""

CUT = 16
"""What is added to the byte of one that is."""


def mask(codes: bytes) -> int:
    """Return a number with the bit of each byte that occurs set."""
    return sum(1 << code for code in set(codes))


def wanted(levels: Collection[LogLevel] | None, types: Collection[LogType] | None) -> int:
    """Return the mask of all bytes with one of these levels and one of these types; None stands for all."""
    return sum(
        1 << number
        for number, code in enumerate(CODES)
        if (levels is None or code.level in levels) and (types is None or code.type in types)
    )
