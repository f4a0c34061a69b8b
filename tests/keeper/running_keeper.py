"""A real keeper of a test's own, spoken to over its socket, and gone without a trace at the end."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engineroom.keeper.greeting import SECRET_NAME
from engineroom.keeper.output.spool import Spool
from engineroom.runtime.local.folders import AllowedFolders
from tests.support import proc
from tests.support.allowed import allow
from tests.support.waiting import wait_until

JsonObject = dict[str, Any]

ID_VARIABLE = "ENGINEROOM_PROCESS"
_END_SECONDS = 10


class Client:
    """One connection to a keeper, which it greets unless it is told not to."""

    def __init__(self, folder: Path, *, greets: bool = True) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(15)
        try:
            self._socket.connect(f"/proc/self/fd/{descriptor}/socket")
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(descriptor)
        self._rest = b""
        if greets:
            try:
                self.call("hello", secret=secret_of(folder))
            except BaseException:
                self._socket.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def line(self) -> JsonObject:
        """Return the next line, an answer or an event. Raises EOFError when the keeper has hung up."""
        while b"\n" not in self._rest:
            data = self._socket.recv(1 << 20)
            if not data:
                raise EOFError
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        decoded: JsonObject = json.loads(line)
        return decoded

    def ask(self, name: str, **arguments: object) -> JsonObject:
        """Return the answer to a request, be it a result or an error."""
        self.write(json.dumps({"id": 1, "call": name, **arguments}).encode() + b"\n")
        while "id" not in (answer := self.line()):
            pass
        return answer

    def call(self, name: str, **arguments: object) -> JsonObject:
        """Return the result of a request that must succeed."""
        answer = self.ask(name, **arguments)
        assert "error" not in answer, answer["error"]
        result: JsonObject = answer["result"]
        return result


def secret_of(folder: Path) -> str:
    return (folder / SECRET_NAME).read_text().strip()


class RunningKeeper:
    """A keeper on its own folder. What it starts carries ids of this run alone, so that what is left is found."""

    def __init__(
        self, folder: Path, within: Sequence[str] = (), program: Sequence[str] = ("-m", "engineroom.keeper")
    ) -> None:
        """`within` is a command that ends by executing its arguments: the world that the keeper is to live in."""
        self.folder = folder
        self._within = within
        self._program = program
        self._run = f"test-{uuid.uuid4().hex}"
        self._log = folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    # The keeper itself

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the keeper, allowed to run anything anywhere as the tests' user, and wait until it answers."""
        if not AllowedFolders(self.folder).exists:
            allow(self.folder)
        command = [*self._within, sys.executable, "-I", *self._program, str(self.folder)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log, start_new_session=True)
        wait_until("the keeper answers", self._answers)

    def end(self, number: signal.Signals) -> None:
        """Signal the keeper and wait for its end."""
        assert self._process is not None
        self._process.send_signal(number)
        self.wait_for_end()

    def wait_for_end(self) -> int:
        assert self._process is not None
        return self._process.wait(_END_SECONDS)

    def log(self) -> str:
        return self._log.read_text()

    def client(self, *, greets: bool = True) -> Client:
        return Client(self.folder, greets=greets)

    def call(self, name: str, **arguments: object) -> JsonObject:
        with self.client() as client:
            return client.call(name, **arguments)

    def clean_up(self) -> None:
        """End everything, by asking first; then make sure that nothing is left."""
        if self._process is None:
            return
        if self._process.poll() is None:
            with contextlib.suppress(OSError, EOFError, AssertionError):
                wait_until("the keeper answers", self._answers)
                ids = list(self.processes())
                self.call("stop", ids=ids, timeout_seconds=0, force=True)
                self.call("shutdown", timeout_seconds=0)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        stuck = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        left = self.living()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        remove_cgroups(self.folder)
        remove_variables(self.folder)
        assert not stuck, f"the keeper did not end when it was asked to; it wrote:\n{self.log()}"
        assert not left, f"processes were left behind: {left}"
        assert "Traceback" not in self.log(), self.log()

    # What it keeps

    def spec(self, name: str, *argv: str, **changes: object) -> JsonObject:
        """Return the spec of a process whose id ends in `name`."""
        spec = {
            "id": self.id(name),
            "argv": list(argv),
            "working_directory": "/",
            "environment": {"PATH": "/usr/bin:/bin"},
            "signal_group": False,
            "labels": {},
        }
        return {**spec, **changes}

    def id(self, name: str) -> str:
        return f"{self._run}-{name}"

    def run(self, name: str, *argv: str, **changes: object) -> int:
        """Start a process, wait until it runs, and return its pid."""
        self.call("start", processes=[self.spec(name, *argv, **changes)])
        return self.running(name)

    def stop(self, name: str, *, timeout_seconds: float = 5.0, force: bool = False) -> None:
        self.call("stop", ids=[self.id(name)], timeout_seconds=timeout_seconds, force=force)

    def processes(self) -> dict[str, JsonObject]:
        """Return everything that the keeper has, by id."""
        return {process["id"]: process for process in self.call("watch")["processes"]}

    def wait(self, name: str, what: str, holds: Callable[[JsonObject], bool]) -> JsonObject:
        """Wait until `holds` is true of the process, and return it."""

        def look() -> JsonObject | None:
            try:
                process = self.processes().get(self.id(name))
            except (OSError, EOFError):
                return None  # it is just being replaced by another
            return process if process is not None and holds(process) else None

        found = wait_until(f"{name} {what}", look)
        assert found is not None
        return found

    def running(self, name: str, *, other_than: int | None = None) -> int:
        """Wait until the process runs, under another pid than this one, and return its pid."""

        def runs(process: JsonObject) -> bool:
            return bool(process["state"] == "running" and process["pid"] != other_than)

        pid: int = self.wait(name, "runs", runs)["pid"]
        return pid

    def gone(self, name: str) -> None:
        """Wait until the keeper has nothing of the process any more; then the host must not either."""
        wait_until(f"{name} is gone", lambda: self.id(name) not in self.processes())
        assert self.living(name) == []

    def events(self, name: str) -> list[JsonObject]:
        """Return all events of the process that the keeper remembers, oldest first."""
        with self.client() as client:
            known = client.call("watch", epoch=self.call("hello")["epoch"], after=0)
            events: list[JsonObject] = []
            while not events or events[-1]["sequence"] < known["sequence"]:
                events.append(client.line())
        return [event for event in events if event["process"]["id"] == self.id(name)]

    def output(self, name: str, stream: str = "stdout") -> bytes:
        """Return what the process has printed so far."""
        stdout, stderr = Spool(self.folder / "spool").paths(self.id(name))
        return Path(stderr if stream == "stderr" else stdout).read_bytes()

    def living(self, name: str = "") -> list[int]:
        """Return the living processes of this run, or of one of its processes, from what the kernel says."""
        pids = []
        for pid in proc.everyone():
            id = proc.environment(pid).get(ID_VARIABLE, "")
            if (id == self.id(name) if name else id.startswith(self._run)) and proc.is_alive(pid):
                pids.append(pid)
        return pids

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the keeper ended; it wrote:\n{self.log()}"
        try:
            self.call("hello")
        except (OSError, EOFError):
            return False
        return True


def cgroup_trees(folder: Path) -> JsonObject:
    """Return where the keeper of the folder has its cgroups; nothing when it has none."""
    known = folder / "cgroups.json"
    return json.loads(known.read_text())["trees"] if known.exists() else {}


def remove_cgroups(folder: Path) -> None:
    """Remove what a killed keeper could not remove itself."""
    for base in {value for value in cgroup_trees(folder).values() if isinstance(value, str)}:
        for path in sorted(Path(base).rglob("*/"), reverse=True):
            with contextlib.suppress(OSError):
                path.rmdir()
        with contextlib.suppress(OSError):
            Path(base).rmdir()


def remove_variables(folder: Path) -> None:
    """Remove from memory what a killed keeper has left there for the next one."""
    with contextlib.suppress(OSError):
        around = Path((folder / "variables-at").read_text()).parent
        if around.name.startswith("engineroom-variables-"):
            shutil.rmtree(around)


@contextlib.contextmanager
def running_keeper(folder: Path, within: Sequence[str] = ()) -> Iterator[RunningKeeper]:
    """Run a keeper on the folder for as long as the block lasts."""
    keeper = RunningKeeper(folder, within)
    try:
        keeper.start()
        yield keeper
    finally:
        keeper.clean_up()
