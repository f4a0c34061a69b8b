"""An environment's folder as it is now: looked at as the user who runs things there, within limits."""

import pwd
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from engineroom.control.folders.git import commit_in
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.folder import (
    FolderGrant,
    FolderInspection,
    innermost,
    is_allowed,
)
from engineroom.sandbox import WHERE, Sandbox, SandboxError, Tenant
from engineroom.store.queries.hosts import claims, members

NOWHERE = "The environment has no folder; choose one with its directory, or by engineroom link."


async def look(
    sandbox: Sandbox, environment: Environment, allowed: Sequence[FolderGrant]
) -> FolderInspection:
    """Return what an environment's folder is now; `allowed` is what its organization is allowed on this host."""
    directory, user = environment.directory, _name(environment.os_user)
    if directory is None:
        return FolderInspection(directory=None, user=user, reason=NOWHERE)
    covering = innermost(allowed, directory)
    seen = FolderInspection(
        directory=directory,
        user=user if user is not None or covering is None else covering.user,
        is_allowed=is_allowed(allowed, directory, user),
    )
    tenant = Tenant(folder=directory, os_user=environment.os_user)
    try:
        account, resolved = await sandbox.ask(WHERE, directory, tenant)
    except SandboxError as error:
        return replace(seen, reason=str(error))
    commit = await commit_in(sandbox, directory, environment.os_user)
    return replace(
        seen, user=_name(str(account.uid)), resolved_path=resolved, commit=commit if commit.hash else None
    )


def other_host(connection: Connection, environment: Environment, here: str | None) -> str | None:
    """Return what people call the host that has an environment; None where that is this one, or none yet."""
    host = claims.of_environment(connection, environment.id)
    if host is None or host == here:
        return None
    known = members.everyone(connection).get(host)
    return host if known is None else known.name


def elsewhere(environment: Environment, host: str) -> FolderInspection:
    """Return what is known of the folder of an environment that another host runs."""
    reason = f"It is on the host {host}, whose server alone can look at it; ask that one."
    return FolderInspection(directory=environment.directory, user=_name(environment.os_user), reason=reason)


def _name(os_user: str | None) -> str | None:
    """Return the name of a user who may be given by his number; the number, of one who has no name on this host."""
    if os_user is None or not os_user.isdecimal():
        return os_user
    try:
        return pwd.getpwuid(int(os_user)).pw_name
    except (KeyError, OverflowError):
        return os_user
