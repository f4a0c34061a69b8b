"""`engineroom key`."""

from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.cli.storage import opened_store
from engineroom.cli.terminal import say
from engineroom.store.secrets import KeyringError


def rotate(*, data: Path | None = None) -> None:
    """Make a new key, and seal the variables of all environments with it. A running server goes on.

    Parameters
    ----------
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        try:
            count = store.rotate_key()
        except KeyringError as error:
            raise CommandError(str(error)) from None
    say(f"Sealed {count} variables with a new key.")
