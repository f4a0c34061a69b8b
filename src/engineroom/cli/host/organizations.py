"""`engineroom organization`."""

import asyncio
from pathlib import Path

from sqlalchemy import Connection

from engineroom.cli.errors import CommandError
from engineroom.cli.host.storage import opened_store
from engineroom.cli.terminal.messages import say, table
from engineroom.control.changes.tokens import make_organization
from engineroom.model.applications.application import Organization
from engineroom.store import Store
from engineroom.store.queries.access import organizations


def create(name: str, *, data: Path | None = None) -> None:
    """Make an organization and print its slug. Nothing of one organization is seen with another's token.

    Parameters
    ----------
    name
        Its name.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    if not name.strip() or not name.isprintable():
        raise CommandError("cannot make an organization without a name; give one that can be printed")
    with opened_store(data) as store:
        say(asyncio.run(store.write(lambda connection: make_organization(connection, name))).slug)


def list_(*, data: Path | None = None) -> None:
    """List the organizations.

    Parameters
    ----------
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        found = asyncio.run(store.read(organizations.everyone))
    table(("slug", "name", "id"), [(each.slug, each.name, each.id) for each in found])


def chosen(store: Store, slug: str | None) -> Organization:
    """Return the organization with this slug, or the first one. Raises CommandError when there is none."""

    def read(connection: Connection) -> Organization | None:
        return organizations.default(connection) if slug is None else organizations.find(connection, slug)

    found = asyncio.run(store.read(read))
    if found is None:
        raise CommandError(f"there is no organization {slug!r}; see engineroom organization list")
    return found
