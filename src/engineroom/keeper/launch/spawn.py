"""Starting a program: in its folder, as its user, in a session and a cgroup of its own, with its output in files.

Use posix_spawn where it can be used (`posix_spawn.py`). Else fork and exec, and let the child do all that must be done in
between: so the error says exactly what failed, and for whom.
"""

import errno
import json
import os
import select
import signal
import stat
import time
from collections.abc import Mapping
from functools import cache
from typing import NoReturn

from engineroom.keeper import resource_limits
from engineroom.keeper.launch import folder_walk, posix_spawn, user
from engineroom.keeper.launch.allowed import WorkingFolder
from engineroom.keeper.launch.fork import enter, fork
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.processes.process import Spec

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

_MAX_INTERPRETER_LINE_LENGTH = 256
"""What the kernel reads of a script's first line (BINPRM_BUF_SIZE since Linux 5.1)."""

_MAX_REPORT_BYTES = 65_536
"""What a pipe takes without somebody reading it (pipe(7))."""

_WRITTEN_BY_ANYBODY = 0o622
"""The mode of what another user prints into.

`/dev/stdout` and `/dev/stderr` lead to the file itself, whatever is in the way to it, so its mode has to let who prints
open it anew (proc_pid_fd(5)). Nobody else comes to it: its folder is the keeper's alone. It stays the keeper's: an owner
could hold up by a lease who opens it (fcntl(2), F_SETLEASE), and keep it by a link.
"""

_MAX_PATH_LENGTH = 4096
"""So much is told of a path: JSON takes up to twelve bytes for a character, and a report must be whole to be read."""

_MAX_START_SECONDS = 10.0
"""A folder, program or file may hang: one of a filesystem that does, or that its owner has leased (fcntl(2), F_SETLEASE)."""

_USUAL_START_SECONDS = 0.05
"""So long the keeper waits for a start, which takes it some milliseconds; then it goes on, and looks again later."""


class Launch:
    """A program that is being started; `pid` is its process already."""

    def __init__(self, pid: int, reader: int | None = None) -> None:
        self.pid = pid
        self._reader = reader
        now = time.monotonic()
        self._usual_until, self._deadline = now + _USUAL_START_SECONDS, now + _MAX_START_SECONDS

    def is_over(self) -> bool:
        """Return whether `finish` waits no more; while a start may take it, wait for that."""
        now = time.monotonic()
        if self._reader is None or now >= self._deadline:
            return True
        return _is_readable(self._reader, self._usual_until - now)

    def give_up(self) -> None:
        """Kill it, as nobody wants it any more, and wait a moment for its end: what hangs at a disk may not die."""
        os.kill(self.pid, signal.SIGKILL)
        self._usual_until = time.monotonic() + _USUAL_START_SECONDS

    def finish(self) -> None:
        """Wait until the program is executed. Raises LaunchError when it cannot be; then there is no process any more."""
        if self._reader is None:
            return
        try:
            self._wait(self._reader)
            # Ends when the child has executed its program, or with why it could not.
            report = os.read(self._reader, _MAX_REPORT_BYTES)
        finally:
            os.close(self._reader)
        if report:
            os.waitpid(self.pid, 0)
            raise LaunchError(*json.loads(report))

    def _wait(self, reader: int) -> None:
        """Wait until the child has come to an end of it. Raises LaunchError when that takes too long; it is killed then."""
        if not _is_readable(reader, self._deadline - time.monotonic()):
            os.kill(
                self.pid, signal.SIGKILL
            )  # who waits for all children waits for it too: it may hang even then
            raise LaunchError(errno.ETIME, "its folder, its program or the file of its output hangs")


def _is_readable(descriptor: int, seconds: float) -> bool:
    """Wait so long at most until a pipe can be read from, or nobody writes to it any more."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))


def launch(  # noqa: PLR0913
    spec: Spec,
    place: WorkingFolder,
    environment: Mapping[str, str],
    output: str,
    errors: str,
    *,
    cell: str | None = None,
) -> Launch:
    """Begin to start the program in its place; its output is appended to the files `output` and `errors`.

    It is born in the cgroup whose folder is `cell`. Where the disk has no room for its files, the output is dropped: that
    must not keep the program from running. Raises LaunchError, as `finish` does, when it cannot be executed.
    """
    # A shell shows the way that led to its folder, links included, where that is told and true (POSIX, `pwd -L`).
    environment = {**place.identity.variables, **environment, "PWD": place.path}
    pid = _launch_quickly(spec, place, environment, (output, errors), cell)
    if pid is not None:
        return Launch(pid)
    try:
        reader, writer = os.pipe2(os.O_CLOEXEC)
    except OSError as error:
        raise LaunchError.of(error, "pipe") from None
    try:
        pid, to_enter = fork(cell)
        if pid == 0:
            _become(spec, place, environment, (output, errors), writer, to_enter)
    except OSError as error:
        os.close(reader)
        raise LaunchError.of(error, cell or "fork") from None
    finally:
        os.close(writer)
    return Launch(pid, reader)


def _launch_quickly(
    spec: Spec, place: WorkingFolder, environment: Mapping[str, str], files: tuple[str, str], cell: str | None
) -> int | None:
    """Return the pid; None when that is not possible, or fails."""
    path = environment.get("PATH", DEFAULT_PATH)
    if place.identity.uid != os.geteuid() or not _is_absolute(spec.argv[0], path):
        return None
    try:
        program = _find(spec.argv[0], path)
        folder = folder_walk.enter(place)
    except (LaunchError, ValueError):
        return None
    try:
        return posix_spawn.spawn(
            program, spec.argv, environment, folder=folder, files=files, umask=spec.umask, cell=cell
        )
    finally:
        os.close(folder)


def _is_absolute(name: str, path: str) -> bool:
    """Return whether a program is looked up in the same places from whatever folder."""
    return "/" in name or all(folder.startswith("/") for folder in path.split(":"))


def _become(  # noqa: PLR0913, PLR0917
    spec: Spec,
    place: WorkingFolder,
    environment: Mapping[str, str],
    files: tuple[str, str],
    writer: int,
    cell: str | None,
) -> NoReturn:
    """Be the child: enter the cgroup, if there is one to enter, and execute the program, or report why not."""
    try:
        if cell is not None:
            _enter_cgroup(cell)
        os.setsid()
        _default_signals()
        os.umask(spec.umask)
        _let_go_but_for(writer)
        resource_limits.restore_open_files()
        _redirect(files, others=place.identity.uid != os.geteuid())
        user.become(place.identity)
        _enter(place)
        program = _find(spec.argv[0], environment.get("PATH", DEFAULT_PATH))
        try:
            os.execve(program, spec.argv, environment)  # noqa: S606
        except (OSError, ValueError) as error:
            failed = LaunchError.of(error, program)
            raise LaunchError(failed.error_number, _culprit(program, failed.error_number)) from None
    except LaunchError as error:
        _report(writer, error.error_number, error.path)
    except OSError as error:
        _report(writer, error.errno or errno.EIO, str(error.filename or spec.argv[0]))
    except Exception as error:  # noqa: BLE001 - the child must end, and what is not reported looks like success
        _report(writer, errno.EIO, repr(error))
    finally:
        os._exit(127)


def _report(writer: int, error_number: int, path: str) -> None:
    os.write(writer, json.dumps([error_number, path[:_MAX_PATH_LENGTH]]).encode())


def _default_signals() -> None:
    """Have every signal do what it does by default: ignored ones stay so across exec (signal(7)), and blocked ones too.

    What Python, the keeper or whoever started it ignores is not the child's business.
    """
    for number in _ignored_signals():
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


@cache
def _ignored_signals() -> list[int]:
    return [number for number in signal.valid_signals() if signal.getsignal(number) is signal.SIG_IGN]


def _redirect(files: tuple[str, str], *, others: bool) -> None:
    """Read nothing, and print into the files; with `others`, what another user runs does."""
    os.dup2(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), 0)
    for target, path in enumerate(files, start=1):
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if others and stat.S_ISREG(os.fstat(file).st_mode):  # never the mode of a device
                os.fchmod(file, _WRITTEN_BY_ANYBODY)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            file = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(file, target)


def _let_go_but_for(writer: int) -> None:
    """Close what is the keeper's: its lock is held by whoever has it open, and what hangs here may outlive the keeper."""
    os.closerange(3, writer)
    os.closerange(writer + 1, resource_limits.open_files())


def _enter_cgroup(cell: str) -> None:
    try:
        enter(cell)
    except OSError as error:
        raise LaunchError.of(error, cell) from None


def _enter(place: WorkingFolder) -> None:
    folder = folder_walk.enter(place)
    try:
        os.fchdir(folder)
    except OSError as error:
        raise LaunchError.of(error, place.path) from None


def _find(name: str, path: str) -> str:
    """Return the program to execute, looking it up in `path` as a shell does when it has no slash."""
    if "/" in name:
        return name
    not_executable = None
    for folder in path.split(":"):
        candidate = f"{folder or '.'}/{name}"
        if not os.path.isfile(candidate):  # noqa: PTH113 - pathlib costs more than the spawn
            continue
        if os.access(candidate, os.X_OK):
            return candidate
        not_executable = not_executable or candidate
    if not_executable:
        raise LaunchError(errno.EACCES, not_executable)
    raise LaunchError(errno.ENOENT, f"{name} (in {path})")


def _culprit(program: str, error_number: int) -> str:
    """Return the path that an error is about: for a script whose interpreter is missing, the interpreter."""
    path = os.path.abspath(program)  # noqa: PTH100 - the folder is the child's only while this runs
    interpreter = _interpreter(path) if error_number == errno.ENOENT else None
    return path if interpreter is None else f"{interpreter} (the interpreter of {path})"


def _interpreter(path: str) -> str | None:
    """Return what a script's first line names as its interpreter; None for what is no script, or cannot be read."""
    try:
        # It may be a FIFO by now, for which nobody waits.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as script:  # noqa: PTH123
            line = script.readline(_MAX_INTERPRETER_LINE_LENGTH)
    except OSError:
        return None
    words = line[2:].split() if line.startswith(b"#!") else []
    return os.fsdecode(words[0]) if words else None
