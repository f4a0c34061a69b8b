"""Check that tokens are still valid while what they asked for is being sent: a stream goes on for hours."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from engineroom.model.ids import TokenId
from engineroom.model.token import Token
from engineroom.store import Store
from engineroom.store.queries.access import tokens

CHECK_SECONDS = 2.0

_log = structlog.get_logger()


@dataclass(slots=True)
class _Check:
    """When it was last looked for, and the look that is under way or was the last."""

    at: float
    found: asyncio.Future[bool]


class TokenValidity:
    """Looks tokens up again, one read for all streams of a token."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._checks: dict[TokenId, _Check] = {}

    async def is_valid(self, token: Token) -> bool:
        """Return whether a token was still valid within the last seconds.

        While the store cannot be read, nobody could have revoked it.
        """
        if token.expired(datetime.now(UTC)):
            return False
        now = time.monotonic()
        seen = self._checks.get(token.id)
        if seen is None or now - seen.at >= CHECK_SECONDS:
            self._forget(now)
            seen = self._checks[token.id] = _Check(now, asyncio.ensure_future(self._look(token)))
        return await asyncio.shield(seen.found)

    async def while_valid(self, token: Token, content: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """Yield what there is while the token is valid; an empty part only gives occasion to check."""
        look_at = time.monotonic() + CHECK_SECONDS
        async with aclosing(content):
            async for part in content:
                if time.monotonic() >= look_at:
                    if not await self.is_valid(token):
                        return
                    look_at = time.monotonic() + CHECK_SECONDS
                if part:
                    yield part

    async def _look(self, token: Token) -> bool:
        try:
            return await self._store.read(lambda connection: tokens.exists(connection, token.id))
        except Exception as error:  # noqa: BLE001
            _log.warning("Cannot look a token up again.", action="token.look_failed", reason=str(error))
            return True

    def _forget(self, now: float) -> None:
        """Drop what nobody asks for any more."""
        self._checks = {id: seen for id, seen in self._checks.items() if now - seen.at < 2 * CHECK_SECONDS}
