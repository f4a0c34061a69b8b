"""What the children print: append-only files, bounded by giving the oldest blocks back to the disk."""

import contextlib
import ctypes
import os
from pathlib import Path

from engineroom.keeper import log

_KEPT_BYTES = 8 * 1024 * 1024
_BLOCK_BYTES = 4096
_FALLOC_FL_KEEP_SIZE = 1
_FALLOC_FL_PUNCH_HOLE = 2

STREAMS = ("stdout", "stderr")


class Spool:
    """Two files a process, one a stream: a child never waits for a reader, nor loses lines with the keeper."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def paths(self, process: str) -> tuple[str, str]:
        """Return the files of a process's standard output and standard error."""
        stdout, stderr = (f"{self._folder}/{process}.{stream}" for stream in STREAMS)
        return stdout, stderr

    def bound(self) -> None:
        """Give the disk back all but the last bytes of each file."""
        for entry in os.scandir(self._folder):
            self._bound(entry.path)

    def remove(self, process: str) -> None:
        """Delete the output of a process that is gone."""
        for path in self.paths(process):
            _remove(path)

    def remove_others(self, processes: set[str]) -> None:
        """Delete the output of all but these processes."""
        for entry in os.scandir(self._folder):
            if entry.name.rpartition(".")[0] not in processes:
                _remove(entry.path)

    def _bound(self, path: str) -> None:
        try:
            found = os.stat(path)  # noqa: PTH116
            if found.st_blocks * 512 <= 2 * _KEPT_BYTES:
                return
            self._punch(path, (found.st_size - _KEPT_BYTES) // _BLOCK_BYTES * _BLOCK_BYTES)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                log.write("error", "spool.failed", "Output cannot be bounded.", path=path, reason=str(error))

    def _punch(self, path: str, length: int) -> None:
        """Free the first `length` bytes; where the filesystem cannot, the whole file is emptied instead."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            mode = _FALLOC_FL_KEEP_SIZE | _FALLOC_FL_PUNCH_HOLE
            failed = self._libc.fallocate(descriptor, mode, ctypes.c_long(0), ctypes.c_long(length))
            if failed:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
