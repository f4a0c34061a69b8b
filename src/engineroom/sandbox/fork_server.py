"""The fork server, `python -m engineroom.sandbox FD`: it begins and ends the processes of tasks, no more.

It has one thread and no secrets. What it imports for a task stays, so that a process costs a fork, and needs no file of
engineroom's, which its user may not be allowed to read. Whatever its tasks leave behind becomes a child of its own, and is
killed (PR_SET_CHILD_SUBREAPER, prctl(2)). A task that may start others has a cgroup, where the host has them for us.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from engineroom.sandbox.messages import End, Ended, TaskLaunch
from engineroom.sandbox.process import become_task
from engineroom.sandbox.task_cgroups import TaskCgroups

MAX_ORDER_BYTES = 65536
_MAX_TASKS = 1000
_ENDING_SECONDS = 1.0
_ENDING_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.1
"""While a cgroup is to go that is not empty yet."""
_PR_SET_CHILD_SUBREAPER = 36
_CHILDREN = Path("/proc/thread-self/children")
_orders = msgspec.json.Decoder(TaskLaunch | End)


@dataclass(frozen=True, slots=True)
class _Running:
    number: int
    deadline: float
    may_fork: bool


class ForkServer:
    """Does what it is told over `control`, until that is closed."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, _Running] = {}
        self._late: set[int] = set()
        self._cgroups = TaskCgroups()
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._ended, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Serve until the server is gone, and leave nothing behind."""
        poll = select.poll()
        for descriptor in (self._control.fileno(), self._ended):
            poll.register(descriptor, select.POLLIN)
        listening = True
        while listening:
            ready = {descriptor for descriptor, _ in poll.poll(self._milliseconds())}
            if self._ended in ready:
                os.read(self._ended, 4096)
            self._reap()
            self._kill_the_late()
            self._cgroups.end_what_goes()
            if self._control.fileno() in ready:
                listening = self._take()
        self._end()

    def _end(self) -> None:
        """Kill what there is until nothing is left: what loses its parent becomes a child of ours a moment later."""
        self._cgroups.close()
        until = time.monotonic() + _ENDING_SECONDS
        while time.monotonic() < until:
            for pid in self._running:
                _kill(pid)
            self._kill_strays()
            self._reap()
            if not _children():
                return
            time.sleep(_ENDING_PAUSE_SECONDS)

    def _milliseconds(self) -> float | None:
        times = [task.deadline for task in self._running.values()]
        if self._cgroups.are_going:
            times.append(time.monotonic() + _LONGEST_PAUSE_SECONDS)
        return max(0.0, min(times) - time.monotonic()) * 1000 + 1 if times else None

    def _take(self) -> bool:
        """Do what the next message says; return whether there may be more."""
        message, descriptors, _, _ = socket.recv_fds(self._control, MAX_ORDER_BYTES, 1)
        if not message:
            return False
        order = _orders.decode(message)
        if isinstance(order, End):
            for pid, task in self._running.items():
                if task.number == order.number:
                    _kill(pid)
        else:
            with socket.socket(fileno=descriptors[0]) as connected:
                self._launch(order, connected)
        return True

    def _launch(self, order: TaskLaunch, connected: socket.socket) -> None:
        if len(self._running) >= _MAX_TASKS:
            self._tell(Ended(number=order.number, code=1))
            return
        _import(order)
        may_fork = order.limits.processes != 0
        cgroup = self._cgroups.make(order.number, order.limits) if may_fork else None
        try:
            pid = os.fork()
        except OSError:
            self._cgroups.end(order.number)
            self._tell(Ended(number=order.number, code=1))
            return
        if pid == 0:
            become_task(order, connected, cgroup, limits_processes=self._cgroups.limit_processes)
        self._running[pid] = _Running(
            order.number, time.monotonic() + order.limits.seconds, may_fork=may_fork
        )

    def _reap(self) -> None:
        while (pid := _dead_child()) is not None:
            # Until it is reaped, the number of its group is nobody else's.
            _kill(pid)
            _, status = os.waitpid(pid, 0)
            task = self._running.pop(pid, None)
            if task is None or task.may_fork:
                self._kill_strays()
            if task is not None:
                self._cgroups.end(task.number)
                code = os.waitstatus_to_exitcode(status)
                self._tell(Ended(number=task.number, code=code, late=pid in self._late))
                self._late.discard(pid)

    def _kill_the_late(self) -> None:
        now = time.monotonic()
        for pid, task in list(self._running.items()):
            if now >= task.deadline:
                self._late.add(pid)
                self._running[pid] = replace(task, deadline=now + 1)
                _kill(pid)

    def _kill_strays(self) -> None:
        """Kill what was left behind: children of ours that we did not start. When they are reaped, this is done again."""
        for pid in _children() - self._running.keys():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _tell(self, ended: Ended) -> None:
        with contextlib.suppress(OSError):  # the server is gone, which the next message tells
            self._control.send(msgspec.json.encode(ended))


def _import(order: TaskLaunch) -> None:
    """Import what the task needs while it can be read; its process tells what is missing."""
    before = len(sys.modules)
    for module in (order.task.partition(":")[0], *order.modules):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    if len(sys.modules) != before:
        # So that looking for garbage in the processes does not copy all that is shared.
        gc.collect()
        gc.freeze()


def _kill(pid: int) -> None:
    """Kill a child that was not reaped yet, and its group."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _dead_child() -> int | None:
    """Return a child that has ended and was not reaped yet."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return found.si_pid if found else None


def _children() -> set[int]:
    try:
        return set(map(int, _CHILDREN.read_text().split()))
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN (proc(5))
        return {
            int(stat.parent.name)
            for stat in Path("/proc").glob("[0-9]*/stat")
            if _parent(stat) == os.getpid()
        }


def _parent(stat: Path) -> int | None:
    try:
        return int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return None
