"""Waiting for what blocks, such as a receiver that does not answer, without any of the threads that others need."""

import asyncio
import contextlib
import threading
from collections.abc import Callable


async def in_a_thread(function: Callable[[], None]) -> None:
    """Call a function in a thread of its own, and raise what it raises. One that never ends keeps nobody from ending."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    def run() -> None:
        error: Exception | None = None
        try:
            function()
        except Exception as raised:  # noqa: BLE001 - it is raised again, where it is waited for
            error = raised
        # Nobody waits any more when the loop is closed.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name="waiting", daemon=True).start()
    await ended
