"""`engineroom folder`: which folders of this host may be run in, as whom, and for which organization."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import structlog
from cyclopts import Parameter
from sqlalchemy import Connection

from engineroom.cli.errors import CommandError
from engineroom.cli.host.organizations import chosen
from engineroom.cli.host.storage import opened_store
from engineroom.cli.options import settings
from engineroom.cli.terminal.messages import say, table, warn
from engineroom.control.folders.links import LinkError, absolute, given_path
from engineroom.model.applications.folder import FolderGrant
from engineroom.model.ids import OrganizationId
from engineroom.runtime.local.folders import AllowedFolder, AllowedFolders, FolderError, allowed_folder
from engineroom.store import Store
from engineroom.store.queries.access import organizations
from engineroom.store.queries.hosts import claims

_LOOK_SECONDS = 2.0

_log = structlog.get_logger()


def allow(
    directory: Path,
    *,
    user: str | None = None,
    owner: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    organization: str | None = None,
    data: Path | None = None,
) -> None:
    """Allow an organization to run things in a folder and in all that is inside, as one user of this host.

    Parameters
    ----------
    directory
        The folder. A link such as `current` is followed anew at each start.
    user
        Who runs things there; without it the owner of the folder. Only root can run them as another one.
    owner
        Whom folders inside may belong to, besides the user and the owner of this one. May be given several times.
    organization
        The organization's slug; without it the first one.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        folders = asyncio.run(allowed_folders(settings(data).keeper, store))
        try:
            new = allowed_folder(
                given_path(directory), chosen(store, organization).id, user=user, owners=owner
            )
            folders.add([new])
        except (FolderError, LinkError) as error:
            raise CommandError(str(error)) from None
    warn_of_root(new)
    say(f"{new.path} may be run in as {new.user}.")


def list_(*, data: Path | None = None) -> None:
    """List the folders of this host that may be run in.

    Parameters
    ----------
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        folders = asyncio.run(allowed_folders(settings(data).keeper, store))
        slugs = {each.id: each.slug for each in asyncio.run(store.read(organizations.everyone))}
        try:
            found = sorted(folders.all(), key=lambda each: each.path)
        except FolderError as error:
            raise CommandError(str(error)) from None
    rows = [
        (each.path, each.user, os.path.realpath(each.path), slugs.get(each.organization, each.organization))
        for each in found
    ]
    table(("folder", "user", "points to", "organization"), rows)


def remove(directory: Path, *, organization: str | None = None, data: Path | None = None) -> None:
    """Allow nothing more in a folder. What runs there goes on until it ends, and is not started again.

    Parameters
    ----------
    directory
        The folder, as it is listed.
    organization
        The organization's slug; without it all of them.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        folders = asyncio.run(allowed_folders(settings(data).keeper, store))
        only = None if organization is None else chosen(store, organization).id
        try:
            removed = folders.remove(absolute(directory), only)
        except FolderError as error:
            raise CommandError(str(error)) from None
    if not removed:
        raise CommandError(f"{directory} is not allowed anyway; see engineroom folder list")
    say(f"{removed[0].path} may not be run in any more.")


async def allowed_folders(keeper: Path, store: Store) -> AllowedFolders:
    """Return the list of this host; where there is none yet, it begins with what an earlier version was told to run.

    Raises CommandError when it cannot be written.
    """
    folders = AllowedFolders(keeper)
    if not folders.exists:

        def read(connection: Connection) -> list[claims.Folder]:
            return claims.folders(connection, store.host)

        try:
            folders.add(list(_of_before(await store.read(read))))
        except FolderError as error:
            raise CommandError(str(error)) from None
    return folders


async def keep_folders(folders: AllowedFolders) -> None:
    """Write the list again when it was lost with the keeper's folder, until cancelled: without it nothing may start."""
    known: Sequence[AllowedFolder] = ()
    while True:
        try:
            if known and folders.was_lost:
                folders.add(known)
                _log.warning("The allowed folders were lost, and are written again.", action="folder.lost")
            found = folders.all()
            known = found if folders.exists else known
        except FolderError as error:
            _log.error("The allowed folders cannot be kept.", action="folder.unkept", reason=str(error))
        await asyncio.sleep(_LOOK_SECONDS)


def _of_before(known: list[claims.Folder]) -> Iterator[AllowedFolder]:
    for each in known:
        try:
            allowed = allowed_folder(each.path, each.organization_id, user=each.os_user)
        except FolderError as error:
            _log.warning("A folder is not allowed.", action="folder.not_allowed", reason=str(error))
            continue
        _log.warning(
            "A folder of before is allowed to the user who ran things in it.",
            action="folder.allowed",
            folder=each.path,
            user=allowed.user,
        )
        yield allowed


def warn_of_root(folder: AllowedFolder) -> None:
    """Say that what is in a folder will have all rights, before anything of it runs."""
    if folder.uid == 0:
        warn(
            f"what is in {folder.path} runs as root, with all rights on this host; engineroom link --user says who else "
            "runs it, and so does another owner of the folder"
        )


def to_organization(folders: AllowedFolders, organization: OrganizationId) -> list[FolderGrant]:
    """Return what an organization is allowed; nothing when the list cannot be read, which is logged."""
    try:
        return [FolderGrant(path=each.path, user=each.user) for each in folders.of(organization)]
    except FolderError as error:
        _log.error("The allowed folders cannot be read.", action="folder.unreadable", reason=str(error))
        return []
