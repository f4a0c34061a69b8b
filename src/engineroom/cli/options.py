"""The options that commands share."""

import os
from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.settings import Settings, SettingsError, load


def settings(data: Path | None, bind: str | None = None) -> Settings:
    """Return the settings that the options, the variables and the file give. Raises CommandError."""
    try:
        return load(data=data, bind=bind)
    except SettingsError as error:
        raise CommandError(str(error)) from None


def unusable_folder(found: Settings, error: OSError) -> CommandError:
    """Return what to say when the data folder cannot be used."""
    return CommandError(
        f"cannot keep data in {found.data}: {os.strerror(error.errno or 0)}; "
        "make the folder writable, or name another with --data"
    )
