"""Giving blocks in the middle of a file back to the disk, while others go on appending to it (fallocate(2)).

A busy disk makes that wait, for tenths of a second at times, so it is done where nobody waits for it.
"""

import ctypes
import os

from engineroom.keeper import log
from engineroom.keeper.shell_worker import ShellWorker

BLOCK_BYTES = 4096
_KEEP_SIZE = 1
_PUNCH_HOLE = 2

# Whoever is gone meanwhile has no blocks any more; only what is there and cannot have holes is told.
_SCRIPT = """
PATH=/usr/sbin:/usr/bin:/sbin:/bin
while read -r begin length path; do
    if fallocate --punch-hole --offset "$begin" --length "$length" "$path" || ! [ -e "$path" ]; then
        echo made
    else
        echo failed
    fi
done
"""
_FAILED = "failed"

_AT_ONCE = 8
"""So many holes are made at the same time, each in another file: one that the disk is slow to make holds up no other."""

_MAX_ENDED = 4 * _AT_ONCE
"""Where so many shells have ended over what is waited for, the next ones will too: a shell that cannot run, say."""

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
    """Punches holes, in each file one at a time: what is to be freed meanwhile is one hole more, however often it was said.

    Were each made as soon as it is asked for, many would stand in line for one file, and come so late that the disk has
    begun to write what they free, which they then wait for: of a child that floods, more and more would lie there.
    """

    def __init__(self) -> None:
        self.failed: set[str] = set()
        """The files that cannot have holes."""
        self._waiting: dict[str, tuple[int, int]] = {}
        self._under_way: dict[str, tuple[int, int, ShellWorker]] = {}
        self._idle: list[ShellWorker] = []

    def punch(self, path: str, begin: int, end: int) -> None:
        """Have the bytes from `begin` to `end` freed soon. What is said of one file one after the other is consecutive."""
        self._wait_for(path, begin, end)
        self.go_on()

    def go_on(self) -> None:
        """Collect the holes that are finished, and start the waiting ones."""
        for path in tuple(self._under_way):
            self._take_in(path, wait=False)
        for path in [path for path in self._waiting if path not in self._under_way]:
            if len(self._under_way) == _AT_ONCE or not self._begin(path):
                break

    def wait(self) -> None:
        """Return when everything is done that was asked for before, or the shells end again and again before it is."""
        ended = 0
        self.go_on()
        while self._under_way and ended < _MAX_ENDED:
            ended += not self._take_in(next(iter(self._under_way)), wait=True)
            self.go_on()

    def is_busy_with(self, path: str) -> bool:
        """Return whether some of the file is still to be freed."""
        return path in self._waiting or path in self._under_way

    def end(self, path: str) -> None:
        """Return when no hole is made in the file any more: what waits is forgotten."""
        if path in self._under_way:
            self._take_in(path, wait=True)
        self._waiting.pop(path, None)

    def close(self) -> None:
        """End when what is under way is done."""
        for shell in (*self._idle, *(shell for *_, shell in self._under_way.values())):
            shell.close()

    def _begin(self, path: str) -> bool:
        """Begin with what waits of a file; return False when nothing can be begun now."""
        begin, end = self._waiting[path]
        shell = self._idle.pop() if self._idle else ShellWorker(_SCRIPT)
        try:
            shell.send(f"{begin} {end - begin} {path}")
        except OSError as error:
            log.write("error", "spool.failed", "Cannot free blocks.", path=path, reason=str(error))
            return False
        del self._waiting[path]
        self._under_way[path] = begin, end, shell
        return True

    def _take_in(self, path: str, *, wait: bool) -> bool:
        """Take in whether a hole was made. One that somebody was killed over waits for somebody else: return False then."""
        begin, end, shell = self._under_way[path]
        try:
            answers = shell.receive(wait=wait)
        except BrokenPipeError:
            del self._under_way[path]
            self._wait_for(path, begin, end)
            return False
        if answers:
            del self._under_way[path]
            if _FAILED in answers:
                self.failed.add(path)
            self._idle.append(shell)
        return True

    def _wait_for(self, path: str, begin: int, end: int) -> None:
        other = self._waiting.get(path, (begin, end))
        self._waiting[path] = min(begin, other[0]), max(end, other[1])
