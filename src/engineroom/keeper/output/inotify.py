"""Which files of a folder were written to, by the kernel's word (inotify(7))."""

import ctypes
import errno
import fcntl
import os
import struct
import termios
from pathlib import Path

from engineroom.keeper import log

_IN_MODIFY = 0x2
_IN_Q_OVERFLOW = 0x4000
_EVENT = struct.Struct("iIII")
_MAX_BYTES = 256 * 1024
"""So many notices at once take longer to read one by one than it takes to look at every file."""


class InotifyWatcher:
    """The kernel's queue of notices. Where there is none to be had (its limits are a user's), every file is looked at."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        descriptor: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.descriptor: int | None = descriptor if descriptor >= 0 else None
        if self.descriptor is None or not self.watch(str(folder)):
            reason = os.strerror(ctypes.get_errno())
            log.write(
                "warning",
                "output.unnoticed",
                "The kernel gives no notice of output, so all files are looked at again and again. "
                "Raise fs.inotify.max_user_instances and fs.inotify.max_user_watches.",
                reason=reason,
            )
            if self.descriptor is not None:
                os.close(self.descriptor)
            self.descriptor = None

    def watch(self, folder: str) -> bool:
        """Have notice given of this folder, which was just made; return whether that can be."""
        added: int = self._libc.inotify_add_watch(self.descriptor or -1, os.fsencode(folder), _IN_MODIFY)
        return added >= 0

    def take(self) -> set[str] | None:
        """Return the names of the files that were written to since; None when it may be any."""
        if self.descriptor is None:
            return None
        waiting = bytearray(4)
        fcntl.ioctl(self.descriptor, termios.FIONREAD, waiting)
        (size,) = struct.unpack("i", waiting)
        try:
            data = os.read(self.descriptor, size + 4096)
        except OSError as error:
            return set() if error.errno == errno.EAGAIN else None
        return _names(data) if size <= _MAX_BYTES else None


def _names(data: bytes) -> set[str] | None:
    names: set[bytes] = set()
    position, end = 0, len(data)
    while position < end:
        _, mask, _, length = _EVENT.unpack_from(data, position)
        if mask & _IN_Q_OVERFLOW:
            return None
        position += _EVENT.size + length
        if length:  # none: it is about the folder itself, which was removed
            names.add(data[position - length : position])
    return {os.fsdecode(name.rstrip(b"\0")) for name in names}
