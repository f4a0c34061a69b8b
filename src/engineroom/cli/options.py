"""The options that commands share."""

from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.settings import Settings, SettingsError, load


def settings(data: Path | None, bind: str | None = None) -> Settings:
    """Return the settings that the options, the variables and the file give. Raises CommandError."""
    try:
        return load(data=data, bind=bind)
    except SettingsError as error:
        raise CommandError(str(error)) from None
