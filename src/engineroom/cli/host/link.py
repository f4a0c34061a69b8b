"""`engineroom link`."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engineroom.cli.errors import CommandError
from engineroom.cli.host.folders import allowed_folders, warn_of_root
from engineroom.cli.host.storage import opened_store
from engineroom.cli.host.variables import given_variables
from engineroom.cli.options import settings
from engineroom.cli.terminal.messages import note, say
from engineroom.control.folders import checkouts, links
from engineroom.model.instances.limits import in_words
from engineroom.runtime.local.folders import FolderError, allowed_folder
from engineroom.store import Store
from engineroom.store.queries.access import organizations


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Who:
    """Who runs the processes.

    Parameters
    ----------
    user
        The user of this host that runs them; without it the owner of the folder. Only root can run them as another one.
    umask
        What new files are not allowed, as three octal digits, such as 027.
    """

    user: str | None = None
    umask: str | None = None


def link(  # noqa: PLR0913 - each option is a parameter
    directory: Path,
    *,
    name: str | None = None,
    variable: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    variables_file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    who: Who = Who(),
    size: str | None = None,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    data: Path | None = None,
) -> None:
    """Make an application with one environment and its app instance that runs the code in a folder, in place.

    A folder that is linked already stays the application that it is, with what is said now. Its repository and branch are
    those of the folder's git, where it has one: the remote `origin`, and the branch that is checked out.

    Parameters
    ----------
    directory
        The folder that the code is in; commands start there. A link such as `current` is followed anew at each start.
    name
        The application's name, 3 to 40 characters; without it that of the folder.
    variable
        The KEY of a variable for every process: its value is taken from the environment, or asked for at the terminal.
        KEY=VALUE is taken too, but for a moment anybody on this host can read it in the list of processes. May be given
        several times.
    variables_file
        A file with variables for every process, a KEY=VALUE in each line as in a `.env` file; `-` reads standard input.
    size
        What its processes may use together: `host` for as much as there is, which is usual, or a size such as
        flex.g-1vcpu-512mb (GET /api/instances/sizes lists them).
    json_
        Print the ids as one JSON object, for programs.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    variables = given_variables(variable, variables_file)
    with opened_store(data) as store:
        run_as = links.RunAs(os_user=who.user, umask=_umask(who.umask))
        try:
            links.check_size(size)
        except links.LinkError as error:
            raise CommandError(str(error)) from None
        linked = asyncio.run(
            link_here(settings(data).keeper, store, directory, name, variables, run_as=run_as)
        )
        of_size = asyncio.run(links.resize(store, linked.instance, size))
    ids = {"application": linked.application, "environment": linked.environment, "instance": linked.instance}
    if linked.changed is not None:
        changed = f"changed: {', '.join(linked.changed)}" if linked.changed else "nothing differs"
        note(f"This folder was linked before, as this application; {changed}.")
    shown = {**ids, "size": of_size}
    if json_:
        say(json.dumps(shown))
        return
    say("\n".join(f"{what:<12} {id_}" for what, id_ in shown.items()))
    say(f"{'limits':<12} {in_words(of_size)}")


async def link_here(  # noqa: PLR0913
    keeper: Path,
    store: Store,
    directory: Path,
    name: str | None,
    variables: Mapping[str, str],
    *,
    run_as: links.RunAs = links.AS_ITS_OWNER,
) -> links.Linked:
    """Link a folder, and have the keeper of this host run things there, as one user. Raises CommandError.

    Repository and branch are those that git names there, where it does.
    """
    folders = await allowed_folders(keeper, store)
    organization = await store.read(organizations.default)
    try:
        path = links.given_path(directory)
        pinned = allowed_folder(path, organization.id, user=run_as.os_user)
        warn_of_root(pinned)
        folders.pin(pinned)
        linked = await links.link_once(store, Path(path), name, variables, run_as)
    except (links.LinkError, FolderError) as error:
        raise CommandError(str(error)) from None
    return await checkouts.record(store, linked, await checkouts.look_up(keeper, path, run_as.os_user))


def unlink(directory: Path, *, data: Path | None = None) -> None:
    """Undo the linking of a folder: its application is deleted, with everything in it draining, and nothing more starts.

    Parameters
    ----------
    directory
        The folder, as it was linked.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        try:
            path = asyncio.run(links.unlink(store, directory))
            asyncio.run(allowed_folders(settings(data).keeper, store)).remove(path)
        except (links.LinkError, FolderError) as error:
            raise CommandError(str(error)) from None
    say(f"{path} is no longer linked. What runs from it drains; engineroom serve sees to that.")


def _umask(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch("0?[0-7]{3}", text):
        raise CommandError(f"cannot use {text!r} as a umask; give --umask as three octal digits, such as 027")
    return int(text, 8)
