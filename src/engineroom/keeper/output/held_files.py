"""Files of output that somebody still writes to when nobody of their process is left: kept by a name, and empty.

A process may hand its output to one that it did not start, over a Unix socket (SCM_RIGHTS in unix(7)). Deleted, the file
would go on without a name, and take more and more of the disk, where neither a quota nor anybody's look finds it.
"""

import contextlib
import errno
import fcntl
import itertools
import os
import signal
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from engineroom.keeper import log
from engineroom.keeper.output import holders
from engineroom.keeper.output.holes import Puncher
from engineroom.keeper.output.output_files import keep_the_end

_MAX = 1000
"""Each look is at all of them. What is more than these is deleted as ever, and that is logged as an error."""

_MARK, _NUMBER = ".", "~"
"""Neither can be in the id of a process where it is in the name of a held file: `.` begins it, `~` is before a number."""

_PAUSE_SECONDS = 60.0
_MAX_NAMED = 5


class HeldFiles:
    """Those in the spool's folder. Their names are all that there is to remember, so the next keeper goes on with them."""

    def __init__(self, folder: str, puncher: Puncher) -> None:
        self._folder = folder
        self._puncher = puncher
        self._looks: dict[str, int] = {}
        """How often each was found to be written to; one that is so only once was just being let go."""
        self._untold: list[str] = []
        self._may_tell_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._looks)

    def recover(self, names: Iterable[str]) -> None:
        """Go on with what an earlier keeper has kept, of these files."""
        self._looks.update(dict.fromkeys(filter(is_held, names), 0))

    def remove(self, path: str) -> None:
        """Delete a file of output, or have it lose its name where somebody writes to it."""
        self.keep(path)
        with contextlib.suppress(OSError):
            if os.stat(path).st_size:  # noqa: PTH116
                # Whoever has it open for nothing (O_PATH), or to read, would hold what is in it.
                os.truncate(path, 0)
            os.unlink(path)  # noqa: PTH108

    def keep(self, path: str) -> None:
        """Give a file another name where somebody writes to it, under which it is found when it has lost its own."""
        if not is_written_to(path):
            return
        if len(self._looks) >= _MAX:
            log.write(
                "error", "output.unbounded", "There are too many files that others write to.", path=path
            )
            return
        try:
            self._looks[_linked(path, self._folder)] = 0
        except OSError as error:
            log.write("error", "output.unbounded", "Output cannot be bounded.", path=path, reason=str(error))

    def bound(self) -> int:
        """Empty all that have no other name, and keep of the others no more than of any; return how much was in one."""
        return max((self._bound(f"{self._folder}/{name}") for name in self._looks), default=0)

    def _bound(self, path: str) -> int:
        try:
            found = os.stat(path)  # noqa: PTH116
            if found.st_nlink > 1:
                keep_the_end(path, self._puncher)
            elif found.st_size or found.st_blocks:
                os.truncate(path, 0)
                return found.st_blocks * 512
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                log.write(
                    "error", "output.unbounded", "Output cannot be bounded.", path=path, reason=str(error)
                )
        return 0

    def look_again(self) -> None:
        """Delete those that nobody writes to any more, and prepare to tell of the others, once."""
        for name in tuple(self._looks):
            if is_written_to(f"{self._folder}/{name}"):
                self._looks[name] += 1
                if self._looks[name] == 2:
                    self._untold.append(name)
            else:
                del self._looks[name]
                with contextlib.suppress(OSError):
                    os.unlink(f"{self._folder}/{name}")  # noqa: PTH108

    def news(self, now: float | None = None) -> Iterator[str]:
        """Yield what is to be told of them now: at most one thing in a minute, of all that are new."""
        now = time.monotonic() if now is None else now
        if self._untold and now >= self._may_tell_at:
            self._may_tell_at = now + _PAUSE_SECONDS
            untold, self._untold = self._untold, []
            yield _told(self._folder, untold)


def is_held(name: str) -> bool:
    """Return whether a file of the spool's folder has this name because somebody still writes to it."""
    return name.startswith(_MARK)


def is_written_to(path: str) -> bool:
    """Return whether somebody can write to a regular file that he has open; also where it cannot be known just now.

    The kernel gives a read lease only where nobody can: not through a descriptor, be it on its way in a socket, nor through
    pages of memory (F_SETLEASE in fcntl(2)). Filesystems without leases (NFS) are taken for ones where nobody does.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
    try:
        # Who has it open for nothing (O_PATH) could open it anew, as its mode allowed to who printed.
        os.fchmod(file, 0o600)
        # Whoever opens it this moment has us told. By default that is SIGIO, which ends who does not expect it.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(file)
    return False


def _linked(path: str, folder: str) -> str:
    """Return the other name that a file has from now on; one that an earlier keeper gave it is that."""
    base = os.path.basename(path)  # noqa: PTH119
    for number in itertools.count():
        name = f"{_MARK}{base}{_NUMBER}{number}" if number else f"{_MARK}{base}"
        try:
            os.link(path, f"{folder}/{name}")
        except FileExistsError:
            if not Path(path).samefile(f"{folder}/{name}"):
                continue
        return name
    raise AssertionError  # there is no end of numbers


def _told(folder: str, names: Iterable[str]) -> str:
    inodes = {}
    for name in names:
        with contextlib.suppress(OSError):
            inodes[name.removeprefix(_MARK).partition(_NUMBER)[0]] = holders.inode(f"{folder}/{name}")
    found = [str(each) for each in holders.find(inodes)[:_MAX_NAMED]]
    return (
        f"Somebody goes on writing into the output of what is gone ({', '.join(sorted(inodes)[:_MAX_NAMED])}): "
        f"{', '.join(found) or 'who it is cannot be seen'}. It is emptied again and again until that ends; "
        "end it, unless it is meant to be."
    )
