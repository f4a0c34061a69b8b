"""The files of processes that print elsewhere than into the spool: of each only the end is ever read, and kept."""

import os

from engineroom.keeper import log
from engineroom.keeper.output import holes

_KEPT_BYTES = 1280 * 1024
"""More than is read of it by whoever named the file (see `engineroom.model.applications.command`)."""
_RESERVED_BYTES = 64 * 1024 * 1024
"""What takes so much more than its length was reserved behind its end (fallocate(2)), which no hole gives back."""
_FLOOD_BYTES = 1024 * 1024 * 1024
"""A length beyond this is taken for no more: no process prints so much between two looks, but it may stretch its file."""


class OutputFiles:
    """Those of the processes that run. They have no marks, so they are looked at again and again."""

    def __init__(self, puncher: holes.Puncher) -> None:
        self._puncher = puncher
        self._paths: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def began(self, process: str, path: str) -> None:
        """Take in that a process prints to this file."""
        self._paths[process] = path

    def ended(self, process: str) -> str | None:
        """Take in that it does so no more; return the file, if it did."""
        path = self._paths.pop(process, None)
        if path is not None:
            keep_the_end(path, self._puncher, is_over=True)
        return path

    def bound(self) -> None:
        """Give up all but the end of each."""
        for path in self._paths.values():
            keep_the_end(path, self._puncher)


def keep_the_end(path: str, puncher: holes.Puncher, *, is_over: bool = False) -> None:
    """Give up all of a file but its end. When nobody prints to it any more, so is whatever is reserved behind its end."""
    try:
        found = os.stat(path)  # noqa: PTH116
        if found.st_blocks * 512 <= 2 * _KEPT_BYTES:
            return
        end = (found.st_size - _KEPT_BYTES) // holes.BLOCK_BYTES * holes.BLOCK_BYTES
        printed = min(found.st_size, _FLOOD_BYTES)
        if is_over or end <= 0 or found.st_blocks * 512 > printed + _RESERVED_BYTES:
            os.truncate(path, found.st_size)
        if path in puncher.failed:
            os.truncate(path, 0)
        elif end > 0:
            puncher.punch(path, 0, end)
    except FileNotFoundError:
        return
    except OSError as error:
        log.write("error", "output.unbounded", "Output cannot be bounded.", path=path, reason=str(error))
