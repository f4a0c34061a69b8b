"""`engineroom token`."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from sqlalchemy import Connection

from engineroom.cli.errors import CommandError
from engineroom.cli.host.organizations import chosen
from engineroom.cli.host.storage import opened_store
from engineroom.cli.terminal.messages import say, table
from engineroom.control.changes.tokens import (
    NewToken,
    UnknownApplicationsError,
    local_entry,
    make_token,
    revoke_token,
)
from engineroom.model.ids import ApplicationId, TokenId
from engineroom.model.token import Ability, Token
from engineroom.store.queries.access import audit, tokens

_Several = Parameter(negative="")


def create(  # noqa: PLR0913 - each is an option
    name: str,
    *,
    ability: Annotated[tuple[Ability, ...], _Several] = (),
    application: Annotated[tuple[str, ...], _Several] = (),
    expires_days: float | None = None,
    organization: str | None = None,
    data: Path | None = None,
) -> None:
    """Make a token for the API and print it, alone. It is shown only this once.

    Parameters
    ----------
    name
        What the token is for; changes that are made with it are recorded under this name.
    ability
        What it may do: read, write or admin (tokens and the audit trail). May be given several times; without it, all.
    application
        The id of an application that it is limited to. May be given several times; without it, all.
    expires_days
        After how many days it is of no use any more; without it, never.
    organization
        The slug of the organization that it belongs to; without it, the first one.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    new = NewToken(
        name=name,
        abilities=frozenset(ability or Ability),
        applications=frozenset(map(ApplicationId, application)) or None,
        expires_at=_expiry(expires_days),
    )
    with opened_store(data) as store:
        owner = chosen(store, organization)
        with audit.attributed(lambda: local_entry(owner.id, "tokens.create", name)):
            try:
                _, secret = asyncio.run(store.write(lambda connection: make_token(connection, owner.id, new)))
            except UnknownApplicationsError as error:
                raise CommandError(f"cannot limit a token to {error}: there is no such application") from None
    say(secret)


def list_(*, organization: str | None = None, data: Path | None = None) -> None:
    """List the tokens of an organization; the secrets themselves are not kept.

    Parameters
    ----------
    organization
        The slug of the organization; without it, the first one.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        owner = chosen(store, organization)
        found = asyncio.run(store.read(lambda connection: tokens.everyone(connection, owner.id)))
    table(("id", "name", "may", "applications", "expires", "last used"), [_cells(token) for token in found])


def revoke(token: str, *, organization: str | None = None, data: Path | None = None) -> None:
    """Revoke a token, so that it is not known any more.

    Parameters
    ----------
    token
        Its id, as the list shows it.
    organization
        The slug of the organization that it belongs to; without it, the first one.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        owner = chosen(store, organization)

        def write(connection: Connection) -> None:
            if not revoke_token(connection, owner.id, TokenId(token)):
                raise CommandError(
                    f"cannot revoke {token}: {owner.slug} has no such token; see engineroom token list"
                )

        with audit.attributed(lambda: local_entry(owner.id, "tokens.revoke", token)):
            asyncio.run(store.write(write))
    say("Revoked.")


def _expiry(days: float | None) -> datetime | None:
    if days is None:
        return None
    try:
        return datetime.now(UTC) + timedelta(days=days)
    except (OverflowError, ValueError):
        raise CommandError(f"cannot let a token expire after {days} days; give fewer") from None


def _cells(token: Token) -> tuple[str, ...]:
    return (
        token.id,
        token.name,
        " ".join(sorted(token.abilities)),
        "all" if token.applications is None else " ".join(sorted(token.applications)),
        _day(token.expires_at) or "never",
        _day(token.last_used_at) or "never",
    )


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
