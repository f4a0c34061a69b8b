"""s6, from Debian: s6-svscan, and an s6-supervise for each child."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import processes, setup
from benchmarks.contenders import service_folders
from benchmarks.contenders.base import Contender, ContenderError, end, now, run

_READY_SECONDS = 30.0


class S6(Contender):
    """A scan folder of its own. Children get no logger, which is s6's default."""

    name = "s6"
    asked_by = "links in the scan folder and `s6-svscanctl -a`"

    _process: "subprocess.Popen[bytes] | None" = None

    def prepare(self, count: int) -> None:
        """Start s6-svscan on an empty folder, and write the folders of the services."""
        program = setup.command("s6-svscan", package="s6")
        self._control = setup.command("s6-svscanctl", package="s6")
        self._scanned = self.folder / "scanned"
        self._scanned.mkdir()
        child = [str(self.programs.child), str(self.records.path)]
        self._services = service_folders.write(self.folder / "services", count, child)
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                # Its default is 500 services. It keeps one place free for itself.
                [program, "-c", str(count + 1), str(self._scanned)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._wait_until_it_can_be_told()

    def request(self) -> int:
        """Link the services into the scan folder, and have it scanned."""
        begun = now()
        for service in self._services:
            (self._scanned / service.name).symlink_to(service)
        self._tell("-a")
        return begun

    def withdraw(self) -> int:
        """Unlink the services, and have those that are not there any more ended."""
        begun = now()
        for service in self._services:
            (self._scanned / service.name).unlink()
        self._tell("-an")
        return begun

    def close(self) -> None:
        """End s6-svscan, which ends every s6-supervise, which ends its child."""
        if self._process is None or self._process.poll() is not None:
            return
        departure = processes.Departure({record.parent for record in self.living()})
        end(self._process)
        departure.wait()

    def supervisors(self) -> Mapping[str, Sequence[int]]:
        """Return the pid of s6-svscan, and those of each child's s6-supervise."""
        assert self._process is not None
        return {
            "s6-svscan": [self._process.pid],
            "s6-supervise": [record.parent for record in self.living()],
        }

    def _tell(self, option: str) -> None:
        run([self._control, option, str(self._scanned)], {})

    def _wait_until_it_can_be_told(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not _is_ready(self._scanned):
            if time.monotonic() > deadline:
                raise ContenderError(f"s6-svscan does not begin: {(self.folder / 'output').read_text()}")
            time.sleep(0.01)


def _is_ready(scanned: Path) -> bool:
    return (scanned / ".s6-svscan" / "control").exists()
