"""PM2, from npm, in fork mode."""

import json
import os
from pathlib import Path

from benchmarks import processes, setup
from benchmarks.contenders.base import Contender, now, run
from benchmarks.setup import Programs


class Pm2(Contender):
    """A PM2 daemon of its own, asked through PM2's command, as its users do."""

    name = "PM2"
    asked_by = "the command `pm2 start`, with the daemon running"

    def __init__(self, folder: Path, programs: Programs) -> None:
        super().__init__(folder, programs)
        self._command = setup.pm2()
        self._daemon: int | None = None
        # PM2 asks its makers for the newest version unless told not to; benchmarks stay on this machine.
        self._environment = {
            **os.environ,
            "PM2_HOME": str(folder / "pm2"),
            "PM2_DISCRETE_MODE": "true",
            "PM2_DISABLE_VERSION_CHECK": "true",
        }

    def prepare(self, count: int) -> None:
        """Start the daemon, and write the file that asks for `count` children."""
        program = {
            "name": "child",
            "script": str(self.programs.child),
            "args": [str(self.records.path)],
            "interpreter": "none",
            "exec_mode": "fork",
            "instances": count,
            "vizion": False,
        }
        self._ecosystem.write_text(json.dumps({"apps": [program]}))
        self._pm2("ping")
        self._daemon = int((self.folder / "pm2" / "pm2.pid").read_text())

    def request(self) -> int:
        """Ask for the prepared children with `pm2 start`."""
        begun = now()
        self._pm2("start", str(self._ecosystem))
        return begun

    def withdraw(self) -> int:
        """Have the children stopped and forgotten with `pm2 delete`; the daemon stays."""
        begun = now()
        self._pm2("delete", "all")
        return begun

    def close(self) -> None:
        """End the daemon, and wait until it has ended."""
        if self._daemon is None:
            return
        departure = processes.Departure([self._daemon])
        self._pm2("kill")
        departure.wait()
        self._daemon = None

    @property
    def _ecosystem(self) -> Path:
        return self.folder / "ecosystem.json"

    def _pm2(self, *words: str) -> None:
        run(["node", str(self._command), "--silent", *words], self._environment)
