"""Writes whose answer is lost: nobody knows whether they were committed, as when a database hangs at the wrong moment."""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from engineroom.store import Store
from engineroom.store.errors import UnavailableError

Result = TypeVar("Result")


class Lost(Enum):
    """What is lost of a write."""

    ANSWER = "it was committed"
    WRITE = "it was not committed"


class LosingStore:
    """Loses the next writes of a store, but for those of the task `spared`, and counts those that it has still to lose."""

    def __init__(
        self,
        store: Store,
        lost: Lost,
        monkeypatch: pytest.MonkeyPatch,
        *,
        spared: asyncio.Task[Any] | None = None,
    ) -> None:
        self._write = store.write
        self._lost = lost
        self._spared = spared
        self.left = 0
        monkeypatch.setattr(store, "write", self.write)

    def lose(self, times: int = 2) -> None:
        self.left = times

    async def write(self, function: Callable[[Connection], Result]) -> Result:
        if not self.left or asyncio.current_task() is self._spared:
            return await self._write(function)
        self.left -= 1
        if self._lost is Lost.ANSWER:
            await self._write(function)
        raise UnavailableError("It is not known whether this was changed.")
