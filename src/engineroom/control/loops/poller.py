"""Poll again and again for something to be done: often while there is some, seldom while there is none."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

_BUSY_SECONDS = 0.2
_IDLE_SECONDS = 5.0

_log = structlog.get_logger()


class Poller:
    """Call `poll`, which takes what is there one step further and returns whether more is to come.

    Level-triggered: a wake-up only makes the next call come sooner.
    """

    def __init__(self, name: str, poll: Callable[[], Awaitable[bool]]) -> None:
        self._name = name
        self._poll = poll
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Poll now."""
        self._woken.set()

    async def run(self) -> None:
        """Poll until cancelled. An error does not end the loop: the next call tries again."""
        while True:
            self._woken.clear()
            try:
                busy = await self._poll()
            except Exception:  # noqa: BLE001
                _log.exception("Cannot go on; trying again soon.", action=f"{self._name}.failed")
                busy = True
            if busy:
                await asyncio.sleep(_BUSY_SECONDS)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._woken.wait()
