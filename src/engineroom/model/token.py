"""A token: what a client shows to say which organization it acts for."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engineroom.model.ids import ApplicationId, OrganizationId, TokenId

_SECRET_BYTES = 32
_PREFIX = "er_"


class Ability(StrEnum):
    """What a token allows."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    """Tokens, the audit trail, and which folders code is run in, by whoever owns them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token as it is stored: the secret itself is not kept.

    `applications` are those that it is limited to, None for all of the organization. `last_used_at` is true to a minute.
    """

    id: TokenId
    organization_id: OrganizationId
    name: str
    abilities: frozenset[Ability]
    created_at: datetime
    expires_at: datetime | None = None
    applications: frozenset[ApplicationId] | None = None
    last_used_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Return whether the token is of no use any more."""
        return self.expires_at is not None and self.expires_at <= now


def new_secret() -> str:
    """Return a new secret: `er_` and 43 characters that hold 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal; 256 random bits need no slower hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
