"""`engineroom key`."""

from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.cli.host.storage import opened_store
from engineroom.cli.terminal.messages import say
from engineroom.store.encryption.key_file import KeyringError


def rotate(*, data: Path | None = None) -> None:
    """Make a new key, and encrypt every secret in the database with it. A running server goes on.

    Parameters
    ----------
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    with opened_store(data) as store:
        try:
            reencrypted = store.rotate_key()
        except KeyringError as error:
            raise CommandError(str(error)) from None
    say(
        f"Encrypted {reencrypted.count} secrets with a new key; the older keys stay in the file, for copies of the database."
    )
    if reencrypted.unreadable:
        raise CommandError("cannot read, and left as it was:\n  " + "\n  ".join(reencrypted.unreadable))
