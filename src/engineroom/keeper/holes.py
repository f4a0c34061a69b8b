"""Giving blocks in the middle of a file back to the disk, while others go on appending to it (fallocate(2)).

A busy disk makes that wait, for tenths of a second at times, so it is done where nobody waits for it.
"""

import ctypes
import os

from engineroom.keeper import log
from engineroom.keeper.errands import Errands

BLOCK_BYTES = 4096
_KEEP_SIZE = 1
_PUNCH_HOLE = 2
_DONE = "done"

# Whoever is gone meanwhile has no blocks any more; only what is there and cannot have holes is told.
_SCRIPT = """
PATH=/usr/sbin:/usr/bin:/sbin:/bin
while read -r begin length path; do
    if [ "$begin" = done ]; then echo done
    elif fallocate --punch-hole --offset "$begin" --length "$length" "$path"; then :
    elif [ -e "$path" ]; then echo "$path"
    fi
done
"""

_libc = ctypes.CDLL(None, use_errno=True)


def punch(path: str, begin: int, end: int) -> bool:
    """Free the bytes from `begin` to `end`, whole blocks; return False where the filesystem cannot."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        length = ctypes.c_int64(end - begin)
        failed: int = _libc.fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(begin), length)
        return not failed
    finally:
        os.close(descriptor)


class Puncher:
    """Punches holes, one after the other."""

    def __init__(self) -> None:
        self._errands = Errands(_SCRIPT)
        self._failed: set[str] = set()

    @property
    def failed(self) -> set[str]:
        """The files that cannot have holes."""
        self._failed.update(self._errands.receive(wait=False))
        return self._failed

    def punch(self, path: str, begin: int, end: int) -> None:
        """Have the bytes from `begin` to `end` freed soon."""
        try:
            self._errands.send(f"{begin} {end - begin} {path}")
        except OSError as error:
            log.write("error", "spool.failed", "Cannot free blocks.", path=path, reason=str(error))

    def wait(self) -> None:
        """Return when everything is done that was asked for before."""
        self._errands.send(_DONE)
        answers: list[str] = []
        while _DONE not in answers and (more := self._errands.receive(wait=True)):
            answers += more
        self._failed.update(answer for answer in answers if answer != _DONE)

    def close(self) -> None:
        """End when everything is done."""
        self._errands.close()
