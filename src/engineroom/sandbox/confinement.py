"""What a process gives up before it looks at anything of a tenant's."""

import contextlib
import ctypes
import os
import signal
from pathlib import Path

from engineroom.keeper.launch.user import Identity, become
from engineroom.sandbox.limits import TaskLimits

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_FIRST_TO_GO = 800
_C_LIBRARY = ctypes.CDLL(None, use_errno=True)


def alone(keep: int) -> int:
    """Leave the starter's session, and close all descriptors but one; return what that is now."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.dup2(keep, 3, inheritable=False)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    os.umask(0o077)
    return 3


def default_signals() -> None:
    """Treat signals as a program does that was just executed, but for those that Python ignores."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def confine(identity: Identity, limits: TaskLimits, *, bounded: bool) -> None:
    """Be that user, for good, within these limits. Raises LaunchError when that is not allowed.

    `bounded` says that a cgroup limits how many processes there are.
    """
    with contextlib.suppress(OSError):  # a container may forbid it
        Path("/proc/self/oom_score_adj").write_text(str(_FIRST_TO_GO))
    become(identity)
    # After the change of user, which resets it (prctl(2)).
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Others of the same user read and change nothing in this process (ptrace(2)).
    _prctl(_PR_SET_DUMPABLE, 0)
    limits.apply(bounded=bounded)
    os.environ.update(identity.variables)


def _prctl(option: int, value: int) -> None:
    if _C_LIBRARY.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")
