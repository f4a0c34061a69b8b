"""Making a child, born where it belongs.

A process that is moved into a cgroup later may have had children meanwhile, and the move itself waits for an RCU grace
period: 10 ms and more (cgroup_attach_lock in kernel/cgroup/cgroup.c). One that is born there does neither (clone3(2), since
Linux 5.7).
"""

import ctypes
import os
import signal
from typing import ClassVar, NamedTuple

_SYS_CLONE3 = 435
_CLONE_INTO_CGROUP = 0x2_0000_0000


class _CloneArguments(ctypes.Structure):
    """`struct clone_args` of linux/sched.h."""

    _fields_: ClassVar = [
        (name, ctypes.c_uint64)
        for name in (
            "flags",
            "pidfd",
            "child_tid",
            "parent_tid",
            "exit_signal",
            "stack",
            "stack_size",
            "tls",
            "set_tid",
            "set_tid_size",
            "cgroup",
        )
    ]


# The interpreter's lock is kept through the call, so the child has it too.
_syscall = ctypes.PyDLL(None).syscall


class Fork(NamedTuple):
    """A child's pid, which is 0 in the child, and the folder of the cgroup that it still has to `enter`, if any."""

    pid: int
    to_enter: str | None


def fork(cell: str | None) -> Fork:
    """Make a child that is in the cgroup whose folder is `cell`, or has to enter it. Raises OSError, never in the child.

    The child must do nothing but become another program. It enters by itself for version 1, an old kernel, or a container
    that forbids clone3, and a cgroup may refuse it: whoever has the child's errors told must tell that too.
    """
    if cell is None:
        return Fork(os.fork(), None)
    descriptor = os.open(cell, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        arguments = _CloneArguments(flags=_CLONE_INTO_CGROUP, exit_signal=signal.SIGCHLD, cgroup=descriptor)
        pid: int = _syscall(_SYS_CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments))
    finally:
        os.close(descriptor)
    return Fork(pid, None) if pid >= 0 else Fork(os.fork(), cell)


def enter(cell: str) -> None:
    """Go into the cgroup. Raises OSError."""
    with open(f"{cell}/cgroup.procs", "wb", buffering=0) as file:  # noqa: PTH123
        file.write(b"0")
