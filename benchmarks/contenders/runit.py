"""runit, from Debian: runsvdir, and a runsv for each child."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import processes, setup
from benchmarks.contenders import service_folders
from benchmarks.contenders.base import Contender, ContenderError, now, run

_READY_SECONDS = 60.0


class Runit(Contender):
    """A folder of services of its own, which are down at first. Children get no logger, which is runit's default."""

    name = "runit"
    asked_by = "the command `sv up`, of services that have their runsv already"

    _process: "subprocess.Popen[bytes] | None" = None

    def prepare(self, count: int) -> None:
        """Start runsvdir, and wait until each service has a runsv that can be told to start it."""
        program = setup.command("runsvdir", package="runit")
        self._control = setup.command("sv", package="runit")
        child = [str(self.programs.child), str(self.records.path)]
        self._services = service_folders.write(self.folder / "services", count, child)
        for service in self._services:
            (service / "down").touch()
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [program, str(self.folder / "services")],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._wait_until_they_can_be_told()

    def request(self) -> int:
        """Have all services started."""
        return self._tell("up")

    def withdraw(self) -> int:
        """Have all services stopped."""
        return self._tell("down")

    def close(self) -> None:
        """End each runsv, which ends its child first, and runsvdir."""
        if self._process is None or self._process.poll() is not None:
            return
        departure = processes.Departure(processes.children(self._process.pid))
        self._process.send_signal(signal.SIGHUP)
        self._process.wait()
        departure.wait()

    def supervisors(self) -> Mapping[str, Sequence[int]]:
        """Return the pid of runsvdir, and those of each child's runsv."""
        assert self._process is not None
        return {"runsvdir": [self._process.pid], "runsv": [record.parent for record in self.living()]}

    def _tell(self, command: str) -> int:
        begun = now()
        run([self._control, command, *map(str, self._services)], {})
        return begun

    def _wait_until_they_can_be_told(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        for service in self._services:
            while not _is_ready(service):
                if time.monotonic() > deadline:
                    raise ContenderError(f"no runsv for {service}: {(self.folder / 'output').read_text()}")
                time.sleep(0.01)


def _is_ready(service: Path) -> bool:
    """Return whether a runsv listens for what it is told (sv(8))."""
    try:
        os.close(os.open(service / "supervise" / "ok", os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True
