"""Which version of Laravel an application runs on."""

import json
import re
from pathlib import Path

from engineroom.queues.base import UnmeasurableError
from engineroom.queues.laravel.settings import Version
from engineroom.queues.reading import read_bytes

_PACKAGE = "laravel/framework"
_APPLICATION = "Illuminate/Foundation/Application.php"
_COMPOSER = f"vendor/{_PACKAGE}/src/{_APPLICATION}"
_DEBIAN = f"/usr/share/php/{_APPLICATION}"
"""The framework's own files: as Composer installs it, and as Debian packages it for every application of the host."""
_BEGINNING = "bootstrap/app.php"
_CONSTANT = re.compile(r"const VERSION = '(\d+)\.(\d+)")
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_MAX_BYTES = 16 << 20


def found(folder: Path) -> Version | None:
    """Return the major and minor version; None when nothing tells it."""
    return _locked(folder) or _installed(folder)


def is_there(folder: Path) -> bool:
    """Return whether there is a Laravel application in the folder."""
    return begins(folder) or _locked(folder) is not None


def begins(folder: Path) -> bool:
    """Return whether there is what boots an application."""
    return (folder / _BEGINNING).is_file()


def unknown(folder: Path) -> str:
    """Return what to do when nothing tells the version, and it is needed."""
    return (
        f"there is no Laravel application in {folder}, or nothing tells its version: there is neither a composer.lock nor a "
        "vendor folder; give the queues' address in ENGINEROOM_QUEUE_REDIS"
    )


def _locked(folder: Path) -> Version | None:
    """Return what composer.lock says, which is what `composer install` puts in place."""
    try:
        found = json.loads(read_bytes(folder / "composer.lock", _MAX_BYTES) or b"")
        packages = {package["name"]: package["version"] for package in found["packages"]}
        match = _VERSION.match(packages.get(_PACKAGE, ""))
    except (UnmeasurableError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return (int(match[1]), int(match[2])) if match else None


def _installed(folder: Path) -> Version | None:
    for source in (_COMPOSER, _DEBIAN):
        try:
            content = read_bytes(folder / source, _MAX_BYTES) or b""
        except UnmeasurableError:
            continue
        match = _CONSTANT.search(content.decode(errors="replace"))
        if match:
            return int(match[1]), int(match[2])
    return None
