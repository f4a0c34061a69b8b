"""Files of an application, which may be anything."""

import os
import stat
from pathlib import Path

from engineroom.queues.base import UnmeasurableError


def read_bytes(path: Path, largest: int) -> bytes | None:
    """Return the content of a file; None when there is none. Raises UnmeasurableError for what is no file, or too large."""
    try:
        # A pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnmeasurableError(f"{path} is no file")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise UnmeasurableError(f"{path} is larger than {largest} bytes")
    return content
