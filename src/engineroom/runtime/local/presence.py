"""When the keeper was heard last, and what is told of its absence."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from engineroom.model.event import Event
from engineroom.model.processes.process import Process
from engineroom.runtime.local import translation
from engineroom.runtime.local.messages import Hello, KeeperNews

_STALE_SECONDS = 8.0
"""What was heard longer ago than this says nothing of now: a beat, an answer that does not come, and some more."""

_PASSING_SECONDS = 4.0

_NO_NEWS = KeeperNews(of="", items=())

_log = structlog.get_logger()


class Presence:
    """Whether the keeper is there. `tell` is called with events that it is lost, does not answer, and is found again."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self.is_there = False
        self._is_told = False
        self._heard_at = datetime.now(UTC)
        self._heard = float("-inf")
        self._silent: str | None = None
        self._told_of: str | None = None
        self._told = 0

    @property
    def is_missed(self) -> bool:
        """Whether it has been away for so long that it is not just followed by the next one."""
        return not self.is_there and self._silent_seconds() > _PASSING_SECONDS

    @property
    def reason(self) -> str:
        """Why it is away, and what to do, as far as it is known."""
        return (
            self._silent
            or "the keeper is gone, and another one is being started; the server's log says when it cannot be"
        )

    @property
    def is_stale(self) -> bool:
        """Whether nobody knows what its processes do."""
        return self._silent_seconds() > _STALE_SECONDS

    def heard(self, hello: Hello) -> None:
        """Take in that it answers, and what it has to say of itself."""
        self._heard_at = datetime.now(UTC)
        self._heard = asyncio.get_running_loop().time()
        news = hello.news or _NO_NEWS
        told = self._told if news.of == self._told_of else 0
        for item in news.items:
            # What it said while no server was there is in its log.
            if item.number > told and self._told_of is not None:
                self._tell(translation.keeper_news(item))
        self._told_of, self._told = news.of, max([told, *(item.number for item in news.items)])

    def greeted(self, hello: Hello) -> None:
        """Take in that it is known, and what it has."""
        self.heard(hello)
        self.is_there = True
        self._silent = None
        if self._is_told:
            self._is_told = False
            self._tell(translation.keeper_found())

    def lost(self, silent: str | None) -> None:
        """Take in that it is gone, or why it is given up as it does not answer."""
        if self.is_there:
            _log.warning(
                "The keeper is lost; connecting again.", action="keeper.lost", reason=silent or "gone"
            )
            self._tell(translation.keeper_lost(silent))
        self.is_there = False
        self._silent = silent
        self._is_told = self._is_told or silent is not None

    def aged(self, processes: Sequence[Process]) -> Sequence[Process]:
        """Return what was last known of processes of which nobody knows any more."""
        return [replace(process, stale_since=self._heard_at) for process in processes]

    def _silent_seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._heard
