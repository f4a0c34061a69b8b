"""Whether what an application says of itself may have changed: by its files, without reading them."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

_FILES = (
    ".",
    "composer.json",
    "composer.lock",
    "bootstrap/app.php",
    "bootstrap/autoload.php",
    "bootstrap/providers.php",
    "vendor/composer/installed.php",
)
_FOLDERS = ("config", "bootstrap/cache", "app/Providers")
_MAX_FILES = 2_000


def fingerprint(folder: Path, variables: Mapping[str, str], environment: str | None) -> str:
    """Return what stays the same as long as the variables and the application's configuration do."""
    found = hashlib.sha256()
    for name, value in sorted(variables.items()):
        found.update(f"{name}={value}\0".encode(errors="replace"))
    found.update(f"--env={environment}\0".encode(errors="replace"))
    for path in _watched(folder):
        try:
            status = (folder / path).stat()
        except OSError:
            continue
        found.update(os.fsencode(path) + f"\0{status.st_dev}:{status.st_ino}".encode())
        if path != ".":
            # A folder changes with whatever is written into it.
            found.update(f":{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}\0".encode())
    return found.hexdigest()


def _watched(folder: Path) -> Iterable[str]:
    dotenvs = (name for name in _names(folder) if name.startswith(".env"))
    nested = (path for below in _FOLDERS for path in _below(folder, below))
    return (*_FILES, *sorted(dotenvs), *sorted(islice(nested, _MAX_FILES)))


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from islice((entry.name for entry in entries), _MAX_FILES)
    except OSError:
        return


def _below(folder: Path, below: str) -> Iterator[str]:
    """Return the files of PHP below a folder, links not followed: they may lead in a circle."""
    for path, _, names in os.walk(folder / below):
        inside = Path(path).relative_to(folder)
        yield from (str(inside / name) for name in names if name.endswith(".php"))
