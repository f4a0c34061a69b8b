"""Which version of Laravel an application runs on, and the names that it makes of others."""

import json
import re
import unicodedata
from pathlib import Path

from engineroom.queues.base import UnmeasurableError

_PACKAGE = "laravel/framework"
_APPLICATION = "Illuminate/Foundation/Application.php"
_SOURCES = (
    f"vendor/{_PACKAGE}/src/{_APPLICATION}",
    f"/usr/share/php/{_APPLICATION}",
)
"""The framework's own files: as Composer installs it, and as Debian packages it."""
_CONSTANT = re.compile(r"const VERSION = '(\d+)\.(\d+)")
_VERSION = re.compile(r"v?(\d+)\.(\d+)")

Version = tuple[int, int]


def version(folder: Path) -> Version:
    """Return the major and minor version. Raises UnmeasurableError when nothing tells it."""
    return _locked(folder) or _installed(folder)


def _locked(folder: Path) -> Version | None:
    """Return what composer.lock says, which is what `composer install` puts in place."""
    try:
        found = json.loads((folder / "composer.lock").read_text(encoding="utf-8"))
        packages = {package["name"]: package["version"] for package in found["packages"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    match = _VERSION.match(packages.get(_PACKAGE, ""))
    return (int(match[1]), int(match[2])) if match else None


def _installed(folder: Path) -> Version:
    for source in _SOURCES:
        try:
            match = _CONSTANT.search((folder / source).read_text(encoding="utf-8"))
        except OSError:
            continue
        if match:
            return int(match[1]), int(match[2])
    raise UnmeasurableError(
        f"cannot tell the version of Laravel in {folder}, and with it the names of its queues: there is neither a "
        "composer.lock nor a vendor folder; give the queues' address in ENGINEROOM_QUEUE_REDIS"
    )


def slug(text: str, separator: str) -> str:
    """Return what the framework's `Str::slug` makes of a text."""
    flipped = "-" if separator == "_" else "_"
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(f"[{flipped}]+", separator, plain).replace("@", f"{separator}at{separator}")
    plain = re.sub(f"[^{separator}a-z0-9\\s]+", "", plain.lower())
    return re.sub(f"[{separator}\\s]+", separator, plain).strip(separator)


def redis_prefix(application_name: str, major: int) -> str:
    """Return what the framework's skeleton puts before every key in Redis."""
    if major >= 13:
        return f"{slug(application_name, '-')}-database-"
    return f"{slug(application_name, '_')}_database_"
