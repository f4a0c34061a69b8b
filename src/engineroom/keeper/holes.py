"""Giving blocks in the middle of a file back to the disk, while others go on appending to it (fallocate(2))."""

import ctypes
import os

BLOCK_BYTES = 4096
_KEEP_SIZE = 1
_PUNCH_HOLE = 2
_libc = ctypes.CDLL(None, use_errno=True)


def punch(path: str, begin: int, end: int) -> bool:
    """Free the bytes from `begin` to `end`, whole blocks; return False where the filesystem cannot."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        length = ctypes.c_int64(end - begin)
        failed: int = _libc.fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(begin), length)
        return not failed
    finally:
        os.close(descriptor)
