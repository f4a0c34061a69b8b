"""When each token was used last: written down once a minute, however often it is used."""

import asyncio
import contextvars
from datetime import UTC, datetime, timedelta

import structlog

from engineroom.model.ids import TokenId
from engineroom.model.token import Token
from engineroom.store import Store
from engineroom.store.queries.access import tokens

_EVERY = timedelta(minutes=1)

_log = structlog.get_logger()


class TokenUses:
    """Notes the uses of tokens. Nobody waits for it: a use that is not written down harms nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writing: dict[TokenId, asyncio.Task[None]] = {}

    def note(self, token: Token) -> None:
        """Take in that a token is used now."""
        now = datetime.now(UTC)
        recently = token.last_used_at is not None and now - token.last_used_at < _EVERY
        if not recently and token.id not in self._writing:
            self._writing[token.id] = asyncio.create_task(
                # A context of its own: this is no part of what the audit trail has of the call.
                self._write(token.id, now),
                context=contextvars.Context(),
            )

    async def _write(self, token_id: TokenId, at: datetime) -> None:
        try:
            await self._store.write(lambda connection: tokens.note_use(connection, token_id, at))
        except Exception:  # noqa: BLE001 - the next use tries again
            _log.exception("Cannot note that a token was used.", action="token.note_failed")
        finally:
            del self._writing[token_id]
