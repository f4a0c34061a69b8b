"""Staying connected to the keeper: listened to as long as it is there and makes sense, and connected to again."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local import heartbeat
from engineroom.runtime.local.keeper import Event, Keeper, KeeperError, KeeperLauncher
from engineroom.runtime.local.messages import Hello, ProtocolError, RefusedError
from engineroom.runtime.local.reconnecting import Pauses

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """Who is called in a session.

    `greet` gets to know a keeper that was just connected to, and has said who it is. `take` is given what it says from then
    on. `misunderstood` is told of what makes no sense to us, or to the keeper (RefusedError). `heard` is told whenever it
    answers. `lost` is told that it is gone, or why it does not answer and is given up, and returns whether to connect again.
    """

    greet: Callable[[Keeper, Hello], Awaitable[None]]
    take: Callable[[list[Event]], None]
    misunderstood: Callable[[ProtocolError], None]
    heard: Callable[[Hello], None]
    lost: Callable[[str | None], bool]


class Session:
    """One connection after another, until the last is not to be followed by one. Nothing that a keeper says ends that."""

    def __init__(self, launcher: KeeperLauncher, handlers: Handlers) -> None:
        self._launcher = launcher
        self._handlers = handlers
        self._opened = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._silent: str | None = None
        self._greeted: str | None = None
        self._hung_up: str | None = None
        self._is_refused = False

    async def open(self) -> None:
        """Connect, and return when the first keeper was greeted. Raises RuntimeUnavailableError when that fails."""
        keeper = await self._launcher.connect()
        self._task = asyncio.create_task(self._stay_connected(keeper))
        waiter = asyncio.ensure_future(self._opened.wait())
        await asyncio.wait([waiter, self._task], return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._task.done():
            self._task.result()

    async def ended(self) -> None:
        """Wait until the keeper is gone and not to be connected to again."""
        if self._task is not None:
            await self._task

    async def close(self) -> None:
        """Connect no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _stay_connected(self, keeper: Keeper) -> None:
        """Listen to the keeper; when it is gone, start another, which finds the processes again.

        Raises RuntimeUnavailableError when the first connection comes to nothing.
        """
        pauses = Pauses()
        while True:
            began = time.monotonic()
            self._silent = self._greeted = None
            self._is_refused = False
            misunderstood = await self._misunderstood(keeper)
            self._hung_up = self._greeted if keeper.has_hung_up and not misunderstood else None
            if not self._handlers.lost(self._silent):
                return
            lasted = time.monotonic() - began
            is_bad = misunderstood or self._is_refused
            await asyncio.sleep(pauses.next_seconds(lasted, misunderstood=is_bad))
            keeper = await self._launcher.connect_at_last()

    async def _misunderstood(self, keeper: Keeper) -> bool:
        """Listen until the keeper is gone, or cannot be listened to any more; return whether it was misunderstood."""
        try:
            await self._listen(keeper)
        except RuntimeUnavailableError as error:
            if not self._opened.is_set():
                raise
            _log.error("Cannot work with the keeper.", action="keeper.unavailable", reason=str(error))
        except ProtocolError as error:
            if not self._opened.is_set():
                raise RuntimeUnavailableError(f"{_language(error)}: {error}") from None
            self._handlers.misunderstood(error)
        except Exception:
            if not self._opened.is_set():
                raise
            _log.exception("Cannot take in what the keeper says.", action="keeper.failed")
        else:
            return False
        return True

    async def _listen(self, keeper: Keeper) -> None:
        """Take in what the keeper says, until it is gone. Raises what makes the greeting fail, but for its end."""
        greeting = asyncio.create_task(self._greet(keeper))
        beating: asyncio.Task[None] | None = None

        def greeted(done: asyncio.Task[None]) -> None:
            nonlocal beating
            if done.cancelled() or done.exception():
                keeper.close()
            else:
                beating = asyncio.create_task(self._beat(keeper))

        greeting.add_done_callback(greeted)
        try:
            async for entries in keeper.events():
                await asyncio.wait([greeting])
                if greeting.exception() is None:
                    self._handlers.take(entries)
        except ProtocolError:
            # What it was asked for came with the fault, or does not come any more: in any case the greeting ends.
            await asyncio.wait([greeting])
            raise
        finally:
            greeting.cancel()
            if beating is not None:
                beating.cancel()
            keeper.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await greeting

    async def _greet(self, keeper: Keeper) -> None:
        try:
            hello = await heartbeat.in_time(keeper.greet())
            self._recognize(hello)
            await heartbeat.in_time(self._handlers.greet(keeper, hello))
        except KeeperError as error:
            raise RuntimeUnavailableError(f"the keeper refuses to talk: {error}") from None
        except heartbeat.SilenceError:
            self._silent = self._launcher.why_silent()
            raise RuntimeUnavailableError(self._silent) from None
        self._opened.set()

    def _recognize(self, hello: Hello) -> None:
        """Find out whether this is the very keeper that has ended the last connection: then it has refused what we sent.

        Raises RefusedError when we never came further with it.
        """
        self._greeted = hello.news.of if hello.news is not None else None
        if self._hung_up is None or self._greeted != self._hung_up:
            return
        refused = RefusedError("it hung up without saying why")
        if not self._opened.is_set():
            raise refused
        self._is_refused = True
        self._handlers.misunderstood(refused)

    async def _beat(self, keeper: Keeper) -> None:
        """Hang up on a keeper that does not answer any more: nobody must wait for it."""
        try:
            await heartbeat.beat(keeper.greet, self._handlers.heard)
        except heartbeat.SilenceError:
            self._silent = self._launcher.why_silent()
            keeper.close()
        except (ConnectionError, KeeperError):
            keeper.close()


def _language(error: ProtocolError) -> str:
    if isinstance(error, RefusedError):
        return "the keeper does not understand this server"
    return "the keeper speaks another language"
