"""Turns that users take, so many at a time: whoever has waited longest since his last one is next."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from engineroom.sandbox import Account

_RESERVED = 1
"""So many turns are for users whose last one was short: those who hang would hold all, however fair the order is."""


class Past(NamedTuple):
    """The last turn of a user: the how manieth of all it was to end, and whether it was a long one."""

    ended: int = 0
    long: bool = False


_NONE_YET = Past()


def next_account(
    waiting: Iterable[Account], holding: Set[Account], past: Mapping[Account, Past], free: int
) -> Account | None:
    """Return who is next among those who wait, in the order of their arrival; None: nobody may be.

    It is the one whose last turn is longest ago. Nobody has two at a time.
    """
    known = {account: past.get(account, _NONE_YET) for account in waiting if account not in holding}
    able = [account for account, last in known.items() if free > (_RESERVED if last.long else 0)]
    return min(able, key=lambda account: known[account].ended, default=None)


@dataclass(eq=False, slots=True)
class _Waiting:
    account: Account
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Turns:
    """So many at a time, one of each user's. One that is over after `long_seconds` or later was long."""

    def __init__(self, count: int, *, long_seconds: float) -> None:
        self._count = count
        self._long_seconds = long_seconds
        self._waiting: list[_Waiting] = []
        self._holding: set[Account] = set()
        self._past: dict[Account, Past] = {}
        self._ended = 0

    @contextlib.asynccontextmanager
    async def taken(self, account: Account) -> AsyncIterator[None]:
        """Wait for a turn of this user's, and have it."""
        waiting = _Waiting(account)
        self._waiting.append(waiting)
        self._grant()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await waiting.granted
            began = loop.time()
            yield
        finally:
            # Whoever is cancelled may have been given his turn at the same moment.
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self._end(account, loop.time() - began)
            self._grant()

    def _end(self, account: Account, seconds: float) -> None:
        self._ended += 1
        self._holding.remove(account)
        self._past[account] = Past(self._ended, long=seconds >= self._long_seconds)

    def _grant(self) -> None:
        """Give turns to who is next, as long as there are any."""
        while (account := self._next()) is not None:
            waiting = next(each for each in self._able() if each.account == account)
            self._waiting.remove(waiting)
            self._holding.add(account)
            waiting.granted.set_result(None)

    def _next(self) -> Account | None:
        free = self._count - len(self._holding)
        return next_account((each.account for each in self._able()), self._holding, self._past, free)

    def _able(self) -> Iterable[_Waiting]:
        """Return those who still wait: one who was cancelled takes himself out a moment later."""
        return (each for each in self._waiting if not each.granted.done())
