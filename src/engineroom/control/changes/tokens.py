"""Making tokens, and the organizations that they belong to."""

import getpass
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from engineroom.model.applications.application import Organization
from engineroom.model.audit import AuditEntry
from engineroom.model.ids import (
    ApplicationId,
    OrganizationId,
    TokenId,
    new_audit_entry_id,
    new_organization_id,
    new_token_id,
)
from engineroom.model.slug import unique_slug
from engineroom.model.token import Ability, Token, new_secret, secret_hash
from engineroom.store import Store
from engineroom.store.queries import applications
from engineroom.store.queries.access import organizations, tokens


class UnknownApplicationsError(Exception):
    """Some of the applications do not exist in the organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """What a token is to be. `applications` None means all of the organization."""

    name: str
    abilities: frozenset[Ability] = frozenset(Ability)
    expires_at: datetime | None = None
    applications: frozenset[ApplicationId] | None = None


async def create_token(store: Store, name: str) -> str:
    """Return the secret of a new token of the default organization, which may do everything.

    It cannot be read again: only its hash is kept.
    """

    def write(connection: Connection) -> str:
        return make_token(connection, organizations.default(connection).id, NewToken(name=name))[1]

    return await store.write(write)


def make_token(connection: Connection, owner: OrganizationId, new: NewToken) -> tuple[Token, str]:
    """Store a token of an organization; return it with its secret. Raises UnknownApplicationsError."""
    _require_applications(connection, owner, new.applications or ())
    secret = new_secret()
    token = Token(
        id=new_token_id(),
        organization_id=owner,
        name=new.name,
        abilities=new.abilities,
        created_at=datetime.now(UTC),
        expires_at=new.expires_at,
        applications=new.applications,
    )
    tokens.add(connection, token, secret_hash(secret))
    return token, secret


def revoke_token(connection: Connection, owner: OrganizationId, token_id: TokenId) -> bool:
    """Remove a token of an organization; return whether there was one."""
    return tokens.revoke(connection, owner, token_id)


def make_organization(connection: Connection, name: str) -> Organization:
    """Store a new organization, and return it with the slug that it got."""
    taken = frozenset(each.slug for each in organizations.everyone(connection))
    made = Organization(id=new_organization_id(), name=name, slug=unique_slug(name, taken))
    organizations.add(connection, made, datetime.now(UTC))
    return made


def local_entry(organization: OrganizationId, action: str, target: str) -> AuditEntry:
    """Return the audit entry of a command that somebody runs on this host."""
    return AuditEntry(
        id=new_audit_entry_id(),
        organization_id=organization,
        token_id=None,
        actor=getpass.getuser(),
        action=action,
        target=target,
        address=None,
        user_agent=None,
        at=datetime.now(UTC),
    )


def _require_applications(
    connection: Connection, owner: OrganizationId, ids: Collection[ApplicationId]
) -> None:
    found = {each.id for each in applications.some(connection, owner, list(ids))}
    unknown = set(ids) - found
    if unknown:
        raise UnknownApplicationsError(", ".join(sorted(unknown)))
