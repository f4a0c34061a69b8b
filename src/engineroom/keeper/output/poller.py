"""When to look at what the children print: a moment after the kernel's notice, so that many are taken in at once."""

import json
import select
import time
from collections.abc import Callable

from engineroom.keeper.output.spool import Spool

_BATCH_SECONDS = 0.1
_SOON_SECONDS = 0.01
"""So soon is looked at a child that begins to print, and at one that floods: all it prints in between takes disk space."""

_FLOOD_SECONDS = 0.5
"""So long a flood is expected to go on: whoever floods waits now and then, for a hole in its file or for the disk."""

_ELSEWHERE_SECONDS = 0.5
"""So often is looked at files of which the kernel gives no notice."""

Listener = Callable[[bytes], None]


class OutputPoller:
    """Idle children cost nothing, busy ones one look in a tenth of a second."""

    def __init__(self, spool: Spool) -> None:
        self.listeners: list[Listener] = []
        """Who is told of what can be read now: `{"output": {STREAM: OFFSET}}`, null for what is gone."""
        self.spool = spool
        self._due: float | None = None
        self._looked = 0.0
        self._flood_ends = 0.0
        self._epoll: select.epoll | None = None

    def open(self, epoll: select.epoll) -> int | None:
        """Have the loop wait for notices; return the descriptor that it calls `noticed` for, where there is one."""
        self._epoll = epoll
        descriptor = self.spool.notices.descriptor
        if descriptor is not None:
            epoll.register(descriptor, select.EPOLLIN | select.EPOLLONESHOT)
        return descriptor

    def noticed(self, mask: int) -> None:  # noqa: ARG002
        """Look soon."""
        now = time.monotonic()
        was_quiet = now - self._looked > 2 * _BATCH_SECONDS
        self._due = self._due or now + (_SOON_SECONDS if was_quiet else _BATCH_SECONDS)

    def turn(self) -> float | None:
        """Look when that is due; return in how many seconds it will be, None when nothing is going on."""
        now = time.monotonic()
        if self._due is not None and self._due <= now:
            self._due, self._looked = None, now
            if self.spool.look() > self.spool.kept_bytes // 4:
                self._flood_ends = now + _FLOOD_SECONDS
            if now < self._flood_ends:
                self._due = now + _SOON_SECONDS
            self._wait_for_notices()
            self._tell()
        if self._due is None and (self.spool.changed or self.spool.notices.descriptor is None):
            self._due = now + _BATCH_SECONDS
        if self._due is None and (self.spool.elsewhere or self.spool.held):
            self._due = now + _ELSEWHERE_SECONDS
        return None if self._due is None else max(0.0, self._due - now)

    def _wait_for_notices(self) -> None:
        descriptor = self.spool.notices.descriptor
        if self._epoll is not None and descriptor is not None:
            self._epoll.modify(descriptor, select.EPOLLIN | select.EPOLLONESHOT)

    def _tell(self) -> None:
        if self.spool.changed and self.listeners:
            line = json.dumps({"output": self.spool.changed}, separators=(",", ":")).encode() + b"\n"
            for listener in tuple(self.listeners):
                listener(line)
        self.spool.changed = {}
