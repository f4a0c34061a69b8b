"""`engineroom link`."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engineroom.cli.errors import CommandError
from engineroom.cli.storage import opened_store
from engineroom.cli.terminal import say
from engineroom.control import links


def link(
    directory: Path,
    *,
    name: str,
    variable: Annotated[tuple[str, ...], Parameter(negative="")] = (),
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
            linked = asyncio.run(links.link(store, directory, name, _variables(variable)))
        except links.LinkError as error:
            raise CommandError(str(error)) from None
    ids = asdict(linked)
    say(json.dumps(ids) if json_ else "\n".join(f"{what:<12} {id_}" for what, id_ in ids.items()))


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    variables = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"cannot use {pair!r} as a variable; give --variable KEY=VALUE")
        variables[key] = value
    return variables
