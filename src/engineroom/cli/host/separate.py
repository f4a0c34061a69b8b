"""`engineroom separate`."""

import fcntl
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.cli.options import settings
from engineroom.cli.terminal.messages import say
from engineroom.settings import Settings


def separate(*, data: Path | None = None) -> None:
    """Make a copy of a data folder a new one: it forgets what the original runs, and starts what it knows beside it.

    Parameters
    ----------
    data
        The data folder, which no server and no keeper may be at work on (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    found = settings(data)
    if not found.keeper.is_dir():
        raise CommandError(f"cannot separate {found.data}: there is no data of engineroom in it")
    for lock in (found.server_lock, found.keeper / "lock"):
        _refuse_while_locked(lock)
    for path in _of_the_original(found):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    say(
        f"{found.data} is a folder of its own now. What it knows is started when engineroom serve runs on it."
    )


def _of_the_original(found: Settings) -> Sequence[Path]:
    """Return what tells of the folder's host, of what runs on it, and what the original's server and keeper alone share."""
    names = (
        "identity",
        "journal",
        "cgroups.json",
        "spool",
        "marks",
        "one-offs",
        "variables-at",
        "secret",
        "lock",
    )
    # What `variables-at` points to stays: it is the original's.
    return [*(found.keeper / name for name in names), found.host_file, found.server_lock]


def _refuse_while_locked(lock: Path) -> None:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CommandError(
            f"cannot separate {lock.parent}: {error}; run this as the user who owns it"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode().strip()
        raise CommandError(
            f"cannot separate {lock.parent}: a process (pid {holder}) is at work on it; it is no copy, or end that first"
        ) from None
    finally:
        os.close(descriptor)
