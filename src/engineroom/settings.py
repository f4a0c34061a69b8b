"""Settings: read once at the edge from `settings.toml` in the data folder and from `ENGINEROOM_…` variables."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_BIND = "127.0.0.1:8787"


class SettingsError(Exception):
    """A setting cannot be used, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where engineroom keeps its data, and where it listens. Port 0 means any free port."""

    data: Path
    host: str
    port: int

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "engineroom.db"

    @property
    def server_lock(self) -> Path:
        """The file that the server of this folder holds locked, with its pid in it."""
        return self.data / "server.lock"

    @property
    def keeper(self) -> Path:
        """The keeper's folder."""
        return self.data / "keeper"


def load(
    *, data: Path | None = None, bind: str | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings: an argument wins over a variable, a variable over the file, the file over the default.

    Raises SettingsError when one of them makes no sense.
    """
    folder = (data or _default_data(environment)).expanduser().absolute()
    text = bind or environment.get("ENGINEROOM_BIND") or _from_file(folder).get("bind") or DEFAULT_BIND
    host, port = _parse_bind(text)
    return Settings(data=folder, host=host, port=port)


def _default_data(environment: Mapping[str, str]) -> Path:
    if environment.get("ENGINEROOM_DATA"):
        return Path(environment["ENGINEROOM_DATA"])
    base = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base) / "engineroom"


def _from_file(folder: Path) -> dict[str, str]:
    path = folder / "settings.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}; correct or remove it") from None
    unknown = content.keys() - {"bind"}
    if unknown:
        raise SettingsError(f"{path} has unknown settings: {', '.join(sorted(unknown))}; known is: bind")
    return {name: str(value) for name, value in content.items()}


def _parse_bind(text: object) -> tuple[str, int]:
    host, _, port = str(text).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"cannot listen on {text!r}: give HOST:PORT, such as {DEFAULT_BIND}")
    return host, int(port)
