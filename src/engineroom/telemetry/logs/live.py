"""Following the log: who waits for the entries of a background process, and the newest of them at hand for all who do."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.log import LogEntry

_RECENT = 2000
_RECENT_BYTES = 8 << 20
"""No more entries are at hand than either. Who is further behind reads what is stored."""


@dataclass(slots=True)
class _Followed:
    followers: int = 0
    version: int = 0
    """Rises with everything that is published."""
    recent: deque[LogEntry] = field(default_factory=deque)
    recent_bytes: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def keep(self, entries: Sequence[LogEntry]) -> None:
        self.recent.extend(entries)
        self.recent_bytes += sum(len(entry.text) for entry in entries)
        while len(self.recent) > _RECENT or self.recent_bytes > _RECENT_BYTES:
            self.recent_bytes -= len(self.recent.popleft().text)

    def tell(self) -> None:
        self.version += 1
        self.changed.set()
        self.changed = asyncio.Event()


class Live:
    """What is being followed. Nothing is kept of what nobody follows."""

    def __init__(self) -> None:
        self.ended = False
        self._followed: dict[BackgroundProcessId, _Followed] = {}
        self._unfinished: dict[BackgroundProcessId, Sequence[LogEntry]] = {}

    @contextmanager
    def follower(self, background_process: BackgroundProcessId) -> Iterator[None]:
        """Count one more follower for as long as the block lasts."""
        followed = self._followed.setdefault(background_process, _Followed())
        followed.followers += 1
        try:
            yield
        finally:
            followed.followers -= 1
            if followed.followers == 0:
                del self._followed[background_process]

    @property
    def followers(self) -> int:
        """How many there are."""
        return sum(followed.followers for followed in self._followed.values())

    def is_followed(self, background_process: BackgroundProcessId) -> bool:
        """Return whether anybody follows it."""
        return background_process in self._followed

    def publish(self, background_process: BackgroundProcessId, entries: Sequence[LogEntry]) -> None:
        """Tell the followers of entries that were stored just now."""
        followed = self._followed[background_process]
        followed.keep(entries)
        followed.tell()

    def show_unfinished(self, background_process: BackgroundProcessId, entries: Sequence[LogEntry]) -> None:
        """Have these lines without an end shown, and no others."""
        if entries:
            self._unfinished[background_process] = entries
        else:
            self._unfinished.pop(background_process, None)
        if background_process in self._followed:
            self._followed[background_process].tell()

    def unfinished(self, background_process: BackgroundProcessId) -> Sequence[LogEntry]:
        """Return the lines of a background process that have no end yet."""
        return self._unfinished.get(background_process, ())

    def version(self, background_process: BackgroundProcessId) -> int:
        """Return a number that rises with everything that is published."""
        return self._followed[background_process].version

    def recent(self, background_process: BackgroundProcessId, after: int) -> list[LogEntry] | None:
        """Return the entries behind a number; None when those at hand do not reach back so far."""
        recent = self._followed[background_process].recent
        if not recent or recent[0].number > after + 1:
            return None
        return list(islice(recent, after + 1 - recent[0].number, None))

    async def newer(
        self, background_process: BackgroundProcessId, version: int, most_seconds: float | None
    ) -> bool:
        """Wait until something was published after the version, or until the end; return whether so in time."""
        followed = self._followed[background_process]
        if followed.version == version and not self.ended:
            try:
                async with asyncio.timeout(most_seconds):
                    await followed.changed.wait()
            except TimeoutError:
                return False
        return True

    def end(self) -> None:
        """Have everybody stop to wait."""
        self.ended = True
        for followed in self._followed.values():
            followed.tell()
