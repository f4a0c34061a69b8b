"""A lookout: looks again and again for something to be done, often while there is, seldom while there is not."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

_BUSY_SECONDS = 0.2
_IDLE_SECONDS = 5.0

_log = structlog.get_logger()


class Lookout:
    """Calls `look`, which takes what is there one step further and returns whether more is to come.

    Level-triggered: waking it only makes it look sooner.
    """

    def __init__(self, name: str, look: Callable[[], Awaitable[bool]]) -> None:
        self._name = name
        self._look = look
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    async def run(self) -> None:
        """Look until cancelled. An error must not end the loop: the next look tries again."""
        while True:
            self._woken.clear()
            try:
                busy = await self._look()
            except Exception:  # noqa: BLE001
                _log.exception("Cannot go on; trying again soon.", action=f"{self._name}.failed")
                busy = True
            if busy:
                await asyncio.sleep(_BUSY_SECONDS)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._woken.wait()
