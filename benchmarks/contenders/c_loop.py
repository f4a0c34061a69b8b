"""The floor: a loop in C that does nothing but spawn, and spawn again what died."""

import subprocess

from benchmarks.contenders.base import Contender, end, now


class CLoop(Contender):
    """`posix_spawn` in a loop; no log, no state on disk, no back-off."""

    name = "C loop"
    asked_by = "the start of the loop; the time counts from before its first posix_spawn"

    _count = 0
    _process: "subprocess.Popen[bytes] | None" = None

    def prepare(self, count: int) -> None:
        """Remember the count: a loop needs no more."""
        self._count = count

    def request(self) -> int:
        """Start the loop; the moment is the loop's own, so that its start is not counted."""
        program = [str(self.programs.child), str(self.records.path)]
        self._process = subprocess.Popen(
            [str(self.programs.spawn_loop), str(self._count), *program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        with self._process.stdout as output:
            return int(output.readline())

    def withdraw(self) -> int:
        """End the loop, which ends its children first."""
        begun = now()
        self.close()
        return begun

    def close(self) -> None:
        """End the loop."""
        end(self._process)
