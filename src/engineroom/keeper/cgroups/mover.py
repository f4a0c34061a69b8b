"""Moving processes into the cgroups of version 1, where they cannot be born.

The first of several moves waits for an RCU grace period, 10 ms and more, in which nobody on the host can fork. So moves are
gathered until a burst of starts is over, and done by somebody else than the keeper.
"""

import time
from collections import deque
from collections.abc import Iterable

from engineroom.keeper import log
from engineroom.keeper.shell_worker import ShellWorker

# Twice, because what is forked during the first round is born where its parent was then. What a keeper has sent that does
# not live to hear the answers is done all the same.
_SCRIPT = """
tracker=$1 cells=$2 groups=$3
trap '' PIPE
while read -r cell; do
    for round in 1 2; do
        while read -r pid; do
            for tree in $cells; do echo "$pid" >"$tree/$cell/cgroup.procs"; done
            for tree in $groups; do echo "$pid" >"$tree/${cell%%/*}/cgroup.procs"; done
        done <"$tracker/$cell/cgroup.procs"
    done
    echo
done
"""


_PAUSE_SECONDS = 0.03
_MAX_SECONDS = 0.5
"""While more and more is started, all of it is moved so long after the first."""


class Mover:
    """Has everybody who is in a cell of one tree be in the same cell, or in its group, of others too, a little later."""

    def __init__(self, tracker: str, cells: Iterable[str], groups: Iterable[str]) -> None:
        self._shell_worker = ShellWorker(_SCRIPT, tracker, " ".join(cells), " ".join(groups))
        self._gathered: list[str] = []
        self._under_way: deque[str] = deque()
        self._starting = 0.0

    def gather(self, cell: str) -> None:
        """Note that whoever is in the cell is to be moved."""
        if not self._gathered:
            self._starting = time.monotonic()
        self._gathered.append(cell)

    def due_monotonic(self) -> float | None:
        """Return when to move, if nothing more is gathered until then; None: there is nothing to move."""
        if not self._gathered:
            return None
        return min(time.monotonic() + _PAUSE_SECONDS, self._starting + _MAX_SECONDS)

    def move(self) -> None:
        """Have all moved that was gathered. What cannot be sent, or was sent to one that was killed, stays gathered."""
        waiting, self._gathered = deque(self._gathered), []
        try:
            for _ in self._shell_worker.receive(wait=False):
                self._under_way.popleft()
            while waiting:
                self._shell_worker.send(waiting[0])
                self._under_way.append(waiting.popleft())
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                waiting = self._under_way + waiting
                self._under_way.clear()
            self._gathered = [*dict.fromkeys(waiting)]
            reason = str(error) or "the shell that does it was killed"
            log.write("warning", "cgroup.failed", "Moves to cgroups are tried again soon.", reason=reason)

    def close(self) -> None:
        """End when everything is done."""
        self._shell_worker.close()
