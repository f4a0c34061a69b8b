"""Starting a program: in its folder, in a session of its own, with its output in files.

The keeper has one thread, so it may enter the child's folder itself for the moment of the spawn; `posix_spawn` then
needs no code of ours between fork and exec, and stays as cheap in a large keeper as in a small one.
"""

import errno
import os
import signal
from collections.abc import Mapping

from engineroom.keeper.process import Spec

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Ignored signals stay ignored across exec (signal(7)): what Python, the keeper or whoever started it ignores is not
# the child's business. These two cannot be ignored.
_DEFAULT_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

_LONGEST_INTERPRETER_LINE = 256
"""What the kernel reads of a script's first line (BINPRM_BUF_SIZE since Linux 5.1)."""


class LaunchError(Exception):
    """The program could not be executed: `error_number` says why, `path` what it was about."""

    def __init__(self, error_number: int, path: str) -> None:
        super().__init__(f"{path}: {os.strerror(error_number)}")
        self.error_number = error_number
        self.path = path


def launch(spec: Spec, environment: Mapping[str, str], output: str, errors: str) -> int:
    """Start the program and return its pid; its output is appended to the files `output` and `errors`.

    Where the disk has no room for these files, the output is dropped: that must not keep the program from running.
    Raises LaunchError when it cannot be executed.
    """
    try:
        os.chdir(spec.working_directory)
    except (OSError, ValueError) as error:
        raise LaunchError(_number(error), spec.working_directory) from None
    try:
        program = _find(spec.argv[0], environment.get("PATH", DEFAULT_PATH))
        try:
            return _spawn(program, spec.argv, environment, output, errors)
        except LaunchError as error:
            if error.error_number not in _NO_ROOM:
                raise
            return _spawn(program, spec.argv, environment, os.devnull, os.devnull)
    finally:
        os.chdir("/")


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


def _spawn(program: str, argv: list[str], environment: Mapping[str, str], output: str, errors: str) -> int:
    append = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        return os.posix_spawn(
            program,
            argv,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, output, append, 0o600),
                (os.POSIX_SPAWN_OPEN, 2, errors, append, 0o600),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=_DEFAULT_SIGNALS,
        )
    except (OSError, ValueError) as error:
        raise LaunchError(_number(error), _culprit(program, _number(error))) from None


def _number(error: OSError | ValueError) -> int:
    """Return the errno; text that no program can be given (a NUL, half a surrogate pair) is an invalid argument."""
    return (error.errno or errno.EIO) if isinstance(error, OSError) else errno.EINVAL


def _culprit(program: str, error_number: int) -> str:
    """Return the path that an error is about: for a script whose interpreter is missing, the interpreter."""
    path = os.path.abspath(program)  # noqa: PTH100 - the folder is the child's only while this runs
    if error_number != errno.ENOENT or not os.path.exists(path):  # noqa: PTH110
        return path
    try:
        with open(path, "rb") as script:  # noqa: PTH123
            line = script.readline(_LONGEST_INTERPRETER_LINE)
    except OSError:
        return path
    if not line.startswith(b"#!"):
        return path
    words = line[2:].split()
    return f"{os.fsdecode(words[0])} (the interpreter of {path})" if words else path
