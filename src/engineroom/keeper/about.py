"""What the keeper says of itself: which program it is, and what it has to tell."""

import os
import stat
import sys
from binascii import crc32
from pathlib import Path

from engineroom.keeper.news import News
from engineroom.keeper.processes.process import JsonObject

_ROOT = 0


class About:
    """Taken when the keeper starts: the files of its program may be other ones later. `name` is in the marks of births."""

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.news = News()
        self._program = {"version": version, "fingerprint": _fingerprint(), "python": sys.executable}

    def to_json(self) -> JsonObject:
        """Return what a client is told that greets."""
        return {**self._program, "news": self.news.to_json()}


def _fingerprint() -> str:
    """Return what changes with the keeper's own modules (see `engineroom.runtime.local.upgrades`)."""
    checksum = 0
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        checksum = crc32(os.fsencode(path.relative_to(folder)) + path.read_bytes(), checksum)
    return f"{checksum:08x}"


def may_become(python: str) -> bool:
    """Return whether the keeper may become a program of this interpreter: nobody else may write to it."""
    try:
        found = os.stat(python)  # noqa: PTH116
    except (OSError, ValueError):
        return False
    is_safe = found.st_uid in (_ROOT, os.geteuid()) and not found.st_mode & 0o022
    return python.startswith("/") and stat.S_ISREG(found.st_mode) and is_safe and os.access(python, os.X_OK)
