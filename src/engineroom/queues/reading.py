"""Files of an application, which may be anything."""

import os
import stat
from pathlib import Path

from engineroom.queues.base import UnmeasurableError


def read_bytes(path: Path, largest: int) -> bytes | None:
    """Return the content of a file; None when there is none. Raises UnmeasurableError for what is no file,
    too large, or not to be read by this user.
    """
    try:
        # A pipe would wait for its other end, and a terminal would hang up on us (open(2)).
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnmeasurableError(f"cannot read {path}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnmeasurableError(f"cannot read {path}: it is no regular file; put one there")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise UnmeasurableError(f"cannot read {path}: it is larger than {largest} bytes; make it shorter")
    return content
