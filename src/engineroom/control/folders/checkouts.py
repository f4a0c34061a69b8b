"""Checkouts: an application and its environment say which repository and branch the code in their folder is from."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from engineroom.control.folders.git import checkout_in
from engineroom.control.folders.links import Linked
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.repository import Checkout
from engineroom.sandbox import Sandbox
from engineroom.store import Store
from engineroom.store.queries import applications, environments
from engineroom.store.queries.access import organizations


async def look_up(keeper: Path, directory: str, os_user: str | None) -> Checkout:
    """Return what git says of a folder, asked as the user whom the list in the keeper's folder names."""
    sandbox = Sandbox(str(keeper))
    try:
        return await checkout_in(sandbox, directory, os_user)
    finally:
        await sandbox.close()


async def record(store: Store, linked: Linked, checkout: Checkout) -> Linked:
    """Have what was linked say where its code is from; what of that is unknown stays. Return it with what has changed."""

    def write(connection: Connection) -> list[str]:
        organization = organizations.default(connection).id
        [environment] = environments.some(connection, organization, [linked.environment])
        changed = _record_repository(connection, environment, checkout.repository)
        if checkout.branch is not None and checkout.branch != environment.branch:
            environments.replace(connection, replace(environment, branch=checkout.branch))
            changed.append("branch")
        return changed

    changed = await store.write(write)
    return linked if linked.changed is None else replace(linked, changed=(*linked.changed, *changed))


def _record_repository(connection: Connection, environment: Environment, repository: str | None) -> list[str]:
    organization = organizations.default(connection).id
    [application] = applications.some(connection, organization, [environment.application_id])
    if repository is None or repository == application.repository:
        return []
    applications.replace(connection, replace(application, repository=repository))
    return ["repository"]
