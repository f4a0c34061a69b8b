"""Files of the kernel that are read again and again, kept open: to open one takes five times as long as to read it."""

import errno
import os
import resource

_PAGE_BYTES = 4096
_NEARLY_A_PAGE_BYTES = _PAGE_BYTES - 64
"""The kernel gives a file out in parts of a page, and no line in two; so what is shorter than this was all of it."""


class KeptFiles:
    """Files that have a number in the lower half of what we may have open; the others are opened each time.

    The lowest number is taken that is free, so the upper half stays free for others, whatever else is open already.
    """

    def __init__(self) -> None:
        self._open: dict[str, int] = {}

    def read(self, path: str) -> bytes:
        """Return what is in the file now; nothing when it, or its cgroup, is gone, or does not tell it any more."""
        descriptor = self._open.get(path)
        is_new = descriptor is None
        try:
            if descriptor is None:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                self._open[path] = descriptor
            return _read(descriptor)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP):
                raise
            self.forget(path)
            return b""
        finally:
            if is_new and (descriptor or 0) >= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2:
                self.forget(path)

    def forget(self, path: str) -> None:
        """Close a file."""
        descriptor = self._open.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)


def _read(descriptor: int) -> bytes:
    content = part = os.pread(descriptor, _PAGE_BYTES, 0)
    while len(part) > _NEARLY_A_PAGE_BYTES:
        part = os.pread(descriptor, _PAGE_BYTES, len(content))
        content += part
    return content
