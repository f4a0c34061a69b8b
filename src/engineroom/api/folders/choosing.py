"""Choose the folder that an environment runs from, among those that were allowed to its organization on the host."""

import asyncio
import os.path
from dataclasses import replace

from engineroom.api.calls.call import Call
from engineroom.api.http.errors import ForbiddenError, InvalidError
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.folder import FolderGrant, innermost
from engineroom.model.token import Ability

_MAX_NAMED = 5


async def require(call: Call, directory: str | None) -> FolderGrant | None:
    """Return as what a folder that a request names is allowed; None when it names none.

    Raises ForbiddenError for a token that may not choose, and InvalidError for a folder that is not allowed.
    """
    call.require(Ability.ADMIN)
    if directory is None:
        return None
    if call.token.applications is not None:
        raise ForbiddenError  # a folder may be that of another application, whose user would run what is asked for
    allowed = await asyncio.to_thread(call.control.folders, call.organization_id)
    found = innermost(allowed, directory)
    if found is None:
        raise InvalidError({"directory": [_not_allowed(directory, [each.path for each in allowed])]})
    if not await asyncio.to_thread(os.path.isdir, directory):
        text = (
            "The directory field must be the absolute path of a folder that exists on the host of engineroom."
        )
        raise InvalidError({"directory": [text]})
    return found


def moved(before: Environment, after: Environment, allowed: FolderGrant | None) -> Environment:
    """Return the environment with the user who runs things in the folder that it has moved to, if it has."""
    if after.directory == before.directory:
        return after
    return replace(after, os_user=None if allowed is None else allowed.user)


def _not_allowed(directory: str, paths: list[str]) -> str:
    named = ", ".join(paths[:_MAX_NAMED])
    choice = f" Or choose one of those that it has: {named}." if named else ""
    return (
        "The directory field must be in a folder that is allowed to the organization. Whoever administers the host "
        f"allows it with engineroom folder allow {directory}.{choice}"
    )
