"""`engineroom link`."""

import asyncio
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engineroom.cli.errors import CommandError
from engineroom.cli.storage import opened_store
from engineroom.cli.terminal import say
from engineroom.cli.variables import given_variables
from engineroom.control import links


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
    name: str,
    variable: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    variables_file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    who: Who = Who(),
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    data: Path | None = None,
) -> None:
    """Make an application with one environment and its app instance that runs the code in a folder, in place.

    Parameters
    ----------
    directory
        The folder that the code is in; commands start there.
    name
        The application's name, 3 to 40 characters.
    variable
        The KEY of a variable for every process: its value is taken from the environment, or asked for at the terminal.
        KEY=VALUE is taken too, but anybody on this host can read it in the list of processes. May be given several times.
    variables_file
        A file with variables for every process, a KEY=VALUE in each line as in a `.env` file; `-` reads standard input.
    json_
        Print the ids as one JSON object, for programs.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    variables = given_variables(variable, variables_file)
    with opened_store(data) as store:
        try:
            run_as = links.RunAs(os_user=who.user, umask=_umask(who.umask))
            linked = asyncio.run(links.link(store, directory, name, variables, run_as))
        except links.LinkError as error:
            raise CommandError(str(error)) from None
    ids = asdict(linked)
    say(json.dumps(ids) if json_ else "\n".join(f"{what:<12} {id_}" for what, id_ in ids.items()))


def _umask(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch("0?[0-7]{3}", text):
        raise CommandError(f"cannot use {text!r} as a umask; give --umask as three octal digits, such as 027")
    return int(text, 8)
