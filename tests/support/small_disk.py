"""Disks that are soon full."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """Give a disk of this size, mounted on the folder, which is made."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m"]
    subprocess.run(["mount", *options, "engineroom-test", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path, data: bytes = bytes(4096)) -> None:
    """Append until the disk is full, to the last byte."""
    with path.open("ab", 0) as file, contextlib.suppress(OSError):
        while True:
            file.write(data)
