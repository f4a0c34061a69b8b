"""Why a program could not be executed."""

import errno
import os
from typing import Self


class LaunchError(Exception):
    """The program could not be executed: `error_number` says why, `path` what it was about."""

    def __init__(self, error_number: int, path: str) -> None:
        super().__init__(f"{path}: {os.strerror(error_number)}")
        self.error_number = error_number
        self.path = path

    @classmethod
    def of(cls, error: Exception, path: str) -> Self:
        """Return what a failed call says; text that no program can be given (a NUL) is an invalid argument."""
        if isinstance(error, OSError):
            return cls(error.errno or errno.EIO, path)
        return cls(errno.EINVAL, path)
