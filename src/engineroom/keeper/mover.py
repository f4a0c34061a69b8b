"""Moving processes into the cgroups of version 1, where they cannot be born.

Each move may wait for an RCU grace period, 10 ms and more, in which the keeper has better things to do.
"""

from collections.abc import Iterable

from engineroom.keeper import log
from engineroom.keeper.errands import Errands

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
done
"""


class Mover:
    """Has everybody who is in a cell of one tree be in the same cell, or in its group, of others too, a little later."""

    def __init__(self, tracker: str, cells: Iterable[str], groups: Iterable[str]) -> None:
        self._errands = Errands(_SCRIPT, tracker, " ".join(cells), " ".join(groups))

    def move(self, cell: str) -> None:
        """Have whoever is in the cell moved. Without a shell, that is logged and not done."""
        try:
            self._errands.send(cell)
        except OSError as error:
            log.write("error", "cgroup.failed", "Cannot move to a cgroup.", cell=cell, reason=str(error))

    def close(self) -> None:
        """End when everything is done."""
        self._errands.close()
