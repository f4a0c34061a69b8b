"""A cgroup for a task and all that it starts, with limits; its end is theirs (cgroups(7))."""

import contextlib
import os
import signal
import time
from typing import NamedTuple

from engineroom.keeper.cgroups.cgroups import members_of, memory_settings, removed, write

_ROUNDS = 200
_PAUSE_SECONDS = 0.005


class TaskCgroup(NamedTuple):
    """A folder in each tree that is needed: with version 2 there is one. `memory` is the one that limits that, if any."""

    folders: tuple[str, ...]
    memory: str | None = None
    version: int = 2

    def make(self, memory_bytes: int, processes: int) -> None:
        """Make it, for so many processes and threads. Raises OSError."""
        for folder in self.folders:
            os.mkdir(folder, 0o700)  # noqa: PTH102
        for path, value in memory_settings(self.memory, memory_bytes, self.version) if self.memory else ():
            write(path, value)
        # What is left of a task whose memory did not suffice is of no use.
        self._write("memory.oom.group", "1")
        self._write("pids.max", str(processes))

    def enter(self) -> None:
        """Move this process into it. Raises OSError."""
        self._write("cgroup.procs", "0")

    def end(self) -> bool:
        """Kill everybody in it, and remove it; return whether it is gone. Who dies may be in it for a moment more."""
        with contextlib.suppress(OSError):
            # So that killing comes to an end, whatever they start meanwhile.
            self._write("pids.max", "0")
            self._write("cgroup.kill", "1")
        for folder in self.folders:
            for pid in members_of(folder):
                # 0 is whom we cannot see, as he is in another namespace.
                if pid:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGKILL)
        left = [folder for folder in self.folders if not removed(folder)]
        return not left

    def end_soon(self) -> None:
        """Do that again until it is gone, for a second at most."""
        for _ in range(_ROUNDS):
            if self.end():
                break
            time.sleep(_PAUSE_SECONDS)

    def _write(self, name: str, value: str) -> None:
        """Write into the file of this name in each folder that has it."""
        for folder in self.folders:
            if os.path.exists(path := f"{folder}/{name}"):  # noqa: PTH110
                write(path, value)
