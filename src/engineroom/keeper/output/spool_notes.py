"""What a spool's keeper notes for the next one, in small files beside it: how much it keeps, and in which boot it was."""

from pathlib import Path

from engineroom.keeper import log

DEFAULT_KEPT_BYTES = 8 * 1024 * 1024
MIN_KEPT_BYTES = 64 * 1024


def read_bound(path: Path) -> int:
    """Return how much of each stream is to be kept: what was noted, or else what is usual."""
    try:
        return max(MIN_KEPT_BYTES, int(path.read_bytes()))
    except FileNotFoundError:
        return DEFAULT_KEPT_BYTES
    except (OSError, ValueError) as error:
        log.write("error", "spool.failed", "Cannot read how much to keep.", path=str(path), reason=str(error))
        return DEFAULT_KEPT_BYTES


def write_bound(path: Path, most_bytes: int) -> None:
    """Note how much of each stream is to be kept. What cannot be noted is told."""
    try:
        _write(path, f"{most_bytes}\n")
    except OSError as error:
        log.write("error", "spool.failed", "Cannot note how much to keep.", path=str(path), reason=str(error))


def is_after_boot(path: Path, boot: str) -> bool:
    """Return whether the host was booted since a keeper was last here, and note this boot."""
    if not boot:
        return False
    before = None
    try:
        before = path.read_text() if path.exists() else None
        if before != boot:
            _write(path, boot)
    except OSError as error:
        log.write("error", "spool.failed", "Cannot note the boot.", path=str(path), reason=str(error))
    return before not in (None, boot)


def _write(path: Path, content: str) -> None:
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(content)
    new.replace(path)
