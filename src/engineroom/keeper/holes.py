"""Giving blocks in the middle of a file back to the disk, while others go on appending to it (fallocate(2)).

A busy disk makes that wait, for tenths of a second at times, so it is done by a thread that nobody waits for.
"""

import ctypes
import os
from queue import SimpleQueue
from threading import Event, Thread

BLOCK_BYTES = 4096
_KEEP_SIZE = 1
_PUNCH_HOLE = 2
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
        self.failed: set[str] = set()
        """The files that cannot have holes."""
        self._waiting: SimpleQueue[tuple[str, int, int] | Event] = SimpleQueue()
        self._thread: Thread | None = None

    def punch(self, path: str, begin: int, end: int) -> None:
        """Have the bytes from `begin` to `end` freed soon."""
        self._waiting.put((path, begin, end))
        if self._thread is None:
            self._thread = Thread(target=self._work, name="holes", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Return when everything is done that was asked for before."""
        if self._thread is not None:
            done = Event()
            self._waiting.put(done)
            done.wait()

    def _work(self) -> None:
        while True:
            asked = self._waiting.get()
            if isinstance(asked, Event):
                asked.set()
                continue
            path, begin, end = asked
            try:
                if not punch(path, begin, end):
                    self.failed.add(path)
            except OSError:
                continue  # it is gone, and its blocks with it
