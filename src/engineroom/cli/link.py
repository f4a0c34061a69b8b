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
        A variable for every process, as KEY=VALUE. May be given several times.
    json_
        Print the ids as one JSON object, for programs.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        try:
            run_as = links.RunAs(os_user=who.user, umask=_umask(who.umask))
            linked = asyncio.run(links.link(store, directory, name, _variables(variable), run_as))
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


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    variables = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"cannot use {pair!r} as a variable; give --variable KEY=VALUE")
        variables[key] = value
    return variables
