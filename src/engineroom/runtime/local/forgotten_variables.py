"""Folders in memory with variables of processes that no keeper uses any more: it was killed, and its folder removed."""

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_NAMES = "engineroom-variables-*"
_FILE, _OWNER, _POINTER = "variables", "keeper", "variables-at"
_YOUNG_SECONDS = 60.0
"""A keeper that has just made one has not written down yet where it is."""


class Forgotten(NamedTuple):
    """Such a folder, and the keeper's that it was made for; None where an earlier version did not say so."""

    path: Path
    keeper: Path | None


def places() -> list[Path]:
    """Return where on this host keepers of this user have them (`keeper/folder/variables.py`)."""
    named = (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.geteuid()}", "/run", "/dev/shm")  # noqa: S108
    return [Path(place) for place in dict.fromkeys(filter(None, named))]


def forgotten(places: Iterable[Path], now: float | None = None) -> Iterator[Forgotten]:
    """Yield those of our own there that no keeper finds. `now` is of the host's clock."""
    now = time.time() if now is None else now
    for place in places:
        for path in sorted(place.glob(_NAMES)):
            with contextlib.suppress(OSError):  # it was removed meanwhile
                if _is_ours(facts := path.lstat()) and abs(now - facts.st_mtime) >= _YOUNG_SECONDS:
                    keeper = _keeper_of(path)
                    if keeper is None or not _finds(keeper, path):
                        yield Forgotten(path, keeper)


def _is_ours(facts: os.stat_result) -> bool:
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()


def _keeper_of(path: Path) -> Path | None:
    try:
        return (path / _OWNER).readlink()
    except OSError:
        return None


def _finds(keeper: Path, path: Path) -> bool:
    """Return whether the next keeper of that folder uses what is at the path."""
    try:
        return (keeper / _POINTER).read_text(encoding="utf-8") == str(path / _FILE)
    except (OSError, ValueError):
        return False
