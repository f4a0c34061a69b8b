"""A real engineroom of a test's own: server, keeper and processes on one data folder."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from engineroom.cli.host.link import link_here
from engineroom.cli.host.storage import open_store
from engineroom.control.changes.tokens import create_token
from engineroom.settings import load
from tests.support import proc
from tests.support.client import Api, BackgroundProcess
from tests.support.databases import new_sqlite
from tests.support.waiting import patient, wait_until

ENGINEROOM = str(Path(sys.executable).with_name("engineroom"))

_LISTENS = re.compile(r"^engineroom listens on (http://\S+)$", re.MULTILINE)
_MARK = "ENGINEROOM_TEST_RUN"
_DOWN_SECONDS = 30


@dataclass(frozen=True)
class Linked:
    """The ids that `engineroom link` made."""

    application: str
    environment: str
    instance: str


class EngineroomServer:
    """`engineroom serve` on a free port; use it in a `with` statement, and start it there.

    The server and the processes of linked code carry an environment variable of this run alone, and the keeper names the
    data folder. So what runs is found without asking engineroom, and at the end it is made sure that nothing is left.
    """

    address: str
    api: Api

    def __init__(self, folder: Path, *, within: Sequence[str] = (), **settings: str) -> None:
        """Settings are those of the server, by the names of their variables.

        `within` is a command that ends by executing its arguments: the world that the server is to live in.
        """
        self._within = within
        self._settings = settings
        self.data = folder / "data"
        self.log = folder / "engineroom.log"
        """Where what the server says goes."""
        self._mark = uuid.uuid4().hex
        self._token = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        complaint = self._stop_all()
        print(f"engineroom wrote:\n{self.output()}")  # noqa: T201 -- pytest shows it for a failed test alone
        assert not complaint or error is not None, complaint

    @property
    def environment(self) -> dict[str, str]:
        """The environment that every command on this data folder is run with."""
        ours = {
            "ENGINEROOM_DATA": str(self.data),
            "ENGINEROOM_RATE_LIMIT": "0",
            # How busy the machine is that tests run on must decide nothing.
            "ENGINEROOM_HOST_RESERVE": "0",
            **self._settings,
            _MARK: self._mark,
        }
        others = {key: value for key, value in os.environ.items() if not key.startswith("ENGINEROOM_")}
        return others | ours

    @property
    def pid(self) -> int:
        """The pid of the control plane."""
        assert self._process is not None, "the server has not been started"
        return self._process.pid

    def start(self) -> None:
        """Start the control plane, and wait until it listens."""
        if "ENGINEROOM_DATABASE" not in self._settings and not self.data.exists():
            self._prepare()
        seen = len(self.output())
        words = [*self._within, ENGINEROOM, "serve", "--data", str(self.data), "--bind", "127.0.0.1:0"]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                words, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.address = self._wait_for_address(self._process, seen)
        if not self._token:
            self._token = self.run("token", "create", "test").strip()
        self.api = Api(self.address, self._token)

    def _prepare(self) -> None:
        """Have a database with a token there. Making each by a command of its own was a third of all that tests wait for."""
        self.data.mkdir(mode=0o700)
        store = new_sqlite(self.data).open()
        self._token = asyncio.run(create_token(store, "test"))
        store.close()

    def kill(self) -> None:
        """End the control plane, and nothing else, as `kill -9` does."""
        assert self._process is not None, "the server has not been started"
        self.api.close()
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask the control plane to end with SIGTERM, and return its exit status."""
        assert self._process is not None, "the server has not been started"
        self.api.close()
        self._process.terminate()
        return self._process.wait(timeout=patient(_DOWN_SECONDS))

    def run(self, *words: str, stdin: str = "") -> str:
        """Run an `engineroom` command on this data folder, and return what it printed."""
        ran = subprocess.run(
            [ENGINEROOM, *words],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=patient(30),
        )
        assert ran.returncode == 0, (
            f"engineroom {' '.join(words)} exited {ran.returncode}: {ran.stdout}{ran.stderr}"
        )
        return ran.stdout

    def link(self, folder: Path, *options: str, name: str = "test", **variables: str) -> Linked:
        """Link the code in `folder`, with these options and environment variables for its processes."""
        marked = {**variables, _MARK: self._mark}
        if not options:
            return self._link_here(folder, name, marked)
        words = ["link", str(folder), "--name", name, "--json", *options, "--variables-file", "-"]
        lines = (f"{key}='{_quoted(value)}'\n" for key, value in marked.items())
        ids = json.loads(self.run(*words, stdin="".join(lines)))
        return Linked(ids["application"], ids["environment"], ids["instance"])

    def _link_here(self, folder: Path, name: str, variables: Mapping[str, str]) -> Linked:
        """Do what the command does, without an interpreter of its own: that was a fifth of what most tests wait for."""
        settings = load(data=self.data, environment=self.environment)
        store = open_store(settings)
        try:
            made = asyncio.run(link_here(settings.keeper, store, folder, name, variables))
        finally:
            store.close()
        return Linked(made.application, made.environment, made.instance)

    def run_script(self, folder: Path, name: str, text: str) -> tuple[Linked, BackgroundProcess]:
        """Have a Python program of this text, in a file in this folder, run as a background process of linked code."""
        (folder / f"{name}.py").write_text(text)
        linked = self.link(folder, name=name)
        command = f"{sys.executable} {name}.py"
        return linked, self.api.create(linked.instance, type="custom", processes=1, command=command)

    @property
    def token(self) -> str:
        """The token that the API is used with."""
        return self._token

    def output(self) -> str:
        """Return what the control plane has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def everything(self) -> list[int]:
        """Return the pids of all that runs for this data folder: server, keeper and processes."""
        marked = proc.with_variable(_MARK, self._mark)
        return [pid for pid in {*marked, *self.keepers()} if proc.is_alive(pid)]

    def keeper_pid(self) -> int:
        """Return the pid of the keeper."""
        alike = set(self.keepers())
        # A child of the keeper looks like it for the moment between fork and exec.
        keepers = [pid for pid in alike if proc.parent(pid) not in alike]
        assert len(keepers) == 1, f"there are {len(keepers)} keepers: {keepers}"
        return keepers[0]

    def user_pids(self) -> set[int]:
        """Return the pids of what runs for users: everything but server and keeper."""
        return set(self.everything()) - {self.pid, *self.keepers()}

    def keepers(self) -> list[int]:
        """Return the pids of what is, or looks like, a keeper on this data folder."""
        return [pid for pid in proc.everyone() if _is_keeper(proc.argv(pid), self.data)]

    def _wait_for_address(self, process: subprocess.Popen[bytes], seen: int) -> str:
        def look() -> str:
            listens = _LISTENS.search(self.output()[seen:])
            if listens:
                return listens.group(1)
            assert process.poll() is None, f"engineroom serve ended with {process.returncode}"
            return ""

        try:
            return wait_until("engineroom serve listens", look, timeout_seconds=60)
        except AssertionError as error:
            raise AssertionError(f"{error}\nengineroom wrote:\n{self.output()}") from error

    def _stop_all(self) -> str:
        """Stop everything as an administrator would; return what is to be complained about."""
        if hasattr(self, "api"):
            self.api.close()
        complaint = self._down() if self.everything() else ""
        if self._process is not None and not complaint:
            # It has let go of the data folder, but its interpreter may still be on the way out.
            self._process.wait(timeout=patient(10))
        for pid in self.everything():
            complaint += f"\nleft after engineroom down: process {pid}, {proc.argv(pid)}"
            proc.kill(pid)
        if self._process is not None:
            self._process.wait()
        return complaint

    def _down(self) -> str:
        words = [ENGINEROOM, "down", "--data", str(self.data)]
        try:
            ran = subprocess.run(
                words,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=patient(_DOWN_SECONDS),
            )
        except subprocess.TimeoutExpired:
            return f"engineroom down took longer than {_DOWN_SECONDS} s of a quiet machine"
        if ran.returncode == 0:
            return ""
        return f"engineroom down exited {ran.returncode}: {ran.stdout}{ran.stderr}"


def _quoted(value: str) -> str:
    """Return a value as it is written between single quotes in a `.env` file."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def interrupt(process: subprocess.Popen[str]) -> int:
    """Do what Ctrl-C does, and return the exit status."""
    process.send_signal(signal.SIGINT)
    return process.wait(timeout=patient(_DOWN_SECONDS))


def _is_keeper(words: list[str], data: Path) -> bool:
    started_as = {"keeper", "engineroom.keeper"} & set(words)
    return bool(started_as) and any(word.startswith(str(data)) for word in words)
