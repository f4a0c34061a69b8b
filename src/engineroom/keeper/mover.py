"""Moving processes into the cgroups of version 1, where they cannot be born.

Each move may wait for an RCU grace period, 10 ms and more, in which the keeper has better things to do. So a shell does it.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable

from engineroom.keeper import log

# Twice, because what is forked during the first round is born where its parent was then.
_SCRIPT = """
tracker=$1 cells=$2 groups=$3
while read -r cell; do
    for round in 1 2; do
        while read -r pid; do
            for tree in $cells; do echo "$pid" >"$tree/$cell/cgroup.procs"; done
            for tree in $groups; do echo "$pid" >"$tree/${cell%%/*}/cgroup.procs"; done
        done <"$tracker/$cell/cgroup.procs"
    done
done 2>/dev/null
"""


class Mover:
    """Has everybody who is in a cell of one tree be in the same cell, or in its group, of others too, a little later."""

    def __init__(self, tracker: str, cells: Iterable[str], groups: Iterable[str]) -> None:
        self._arguments = (tracker, " ".join(cells), " ".join(groups))
        self._shell: subprocess.Popen[bytes] | None = None

    def move(self, cell: str) -> None:
        """Have whoever is in the cell moved. Without a shell, that is logged and not done."""
        for _ in range(2):
            try:
                os.write(self._writer(), f"{cell}\n".encode())
            except BrokenPipeError:
                self.close()  # it was killed: another one does it
            except OSError as error:
                log.write("error", "cgroup.failed", "Cannot move to a cgroup.", cell=cell, reason=str(error))
                return
            else:
                return

    def close(self) -> None:
        """End the shell when it has done what it was asked for."""
        if self._shell is not None and self._shell.stdin is not None:
            with contextlib.suppress(OSError):
                self._shell.stdin.close()
        self._shell = None

    def _writer(self) -> int:
        if self._shell is None:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "sh", *self._arguments], stdin=subprocess.PIPE, bufsize=0
            )
            # The keeper reaps all its children at one place, and this one there too.
            self._shell.returncode = -signal.SIGCHLD
        assert self._shell.stdin is not None
        return self._shell.stdin.fileno()
