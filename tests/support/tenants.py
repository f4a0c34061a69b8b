"""Folders of other users of this host, as their owners have them."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def home_of(user: str) -> Iterator[Path]:
    """Make a folder that only this user may look into; yield it."""
    # A test's own folder keeps others out, and so would everything below it.
    made = Path(tempfile.mkdtemp(prefix=f"engineroom-{user}-", dir="/var/tmp"))
    try:
        give(made, user)
        yield made
    finally:
        shutil.rmtree(made)


def give(path: Path, user: str) -> Path:
    """Make the user the owner of what is at the path; return it."""
    entry = pwd.getpwnam(user)
    os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    return path


def write(path: Path, content: str, user: str) -> Path:
    """Write a file of the user's that nobody else may read; return it."""
    path.write_text(content)
    path.chmod(0o600)
    return give(path, user)
