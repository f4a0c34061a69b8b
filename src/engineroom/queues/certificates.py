"""The certificates that a server's own must be signed by."""

from pathlib import Path

from engineroom.queues.base import UnmeasurableError
from engineroom.queues.reading import read_bytes

_MAX_BYTES = 1 << 20


def authorities(folder: Path, file: str) -> str | None:
    """Return the certificates in a file, which may be named from the folder; None when none is named.

    Raises UnmeasurableError.
    """
    if not file:
        return None
    path = folder / file
    content = read_bytes(path, _MAX_BYTES)
    if content is None:
        raise UnmeasurableError(f"there is no file of certificates {path}")
    return content.decode("ascii", errors="replace")
