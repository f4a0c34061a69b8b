"""The process of one task, from its fork to its end."""

import contextlib
import os
import socket
from typing import NoReturn

import msgspec

from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.sandbox.confinement import alone, confine, default_signals
from engineroom.sandbox.frames import Frames
from engineroom.sandbox.messages import Refused, Started, TaskLaunch
from engineroom.sandbox.task import named
from engineroom.sandbox.task_cgroup import TaskCgroup


def become_task(
    order: TaskLaunch, connected: socket.socket, cgroup: TaskCgroup | None, *, limits_processes: bool
) -> NoReturn:
    """Be the process of this task, which answers on that socket, and end with it: nothing of the fork server goes on.

    It does so in that cgroup, which may limit how many processes there are.
    """
    code = 1
    try:
        default_signals()
        frames = Frames(socket.socket(fileno=alone(connected.detach())))
        bounded = _entered(cgroup) and limits_processes
        if _begun(order, frames, bounded=bounded):
            named(order.task).serve(frames)
            code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001, S110 - nothing of it goes on; how it ended tells
        pass
    finally:
        os._exit(code)


def _entered(cgroup: TaskCgroup | None) -> bool:
    """Enter the cgroup, while we may; return whether that could be done."""
    with contextlib.suppress(OSError):
        if cgroup is not None:
            cgroup.enter()
            return True
    return False


def _begun(order: TaskLaunch, frames: Frames, *, bounded: bool) -> bool:
    """Become the tenant, and tell the server; return whether that could be done."""
    try:
        identity = order.tenant.identity(order.keeper)
        confine(identity, order.limits, bounded=bounded)
    except (LaunchError, OSError) as error:
        with contextlib.suppress(OSError):
            frames.send(msgspec.json.encode(Refused(str(error))))
        return False
    frames.send(msgspec.json.encode(Started(os.geteuid(), os.getegid())))
    return True
