"""`engineroom token`."""

import asyncio
from pathlib import Path

from engineroom.cli.storage import opened_store
from engineroom.cli.terminal import say
from engineroom.control.tokens import create_token


def create(name: str, *, data: Path | None = None) -> None:
    """Make a token for the API and print it, alone. It is shown only this once.

    Parameters
    ----------
    name
        What the token is for; changes that are made with it are recorded under this name.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        say(asyncio.run(create_token(store, name)))
