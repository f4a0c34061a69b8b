"""engineroom as its users run it: the server, its keeper and SQLite on disk, asked over HTTP."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

from benchmarks.contenders.base import Contender, ContenderError, end, now, run
from benchmarks.result import ENGINEROOM
from benchmarks.setup import Programs

SERVER, KEEPER = "server", "keeper"

_COMMAND = str(Path(sys.executable).with_name("engineroom"))
_LISTENS = "engineroom listens on "
_CONNECTIONS = 8
_MAX_PROCESSES = 10
"""Of one background process (contract sheet, section 2.3)."""


class Engineroom(Contender):
    """`engineroom serve` on a free port, with one linked application."""

    name = ENGINEROOM
    address: str
    token: str
    asked_by = "POST of background processes of up to 10 processes each, over at most 8 connections"

    def __init__(self, folder: Path, programs: Programs) -> None:
        super().__init__(folder, programs)
        self._data = folder / "data"
        others = {key: value for key, value in os.environ.items() if not key.startswith("ENGINEROOM_")}
        self._environment = {**others, "ENGINEROOM_RATE_LIMIT": "0"}
        self._server: subprocess.Popen[bytes] | None = None
        self.made: list[str] = []
        self._bodies: list[str] = []
        self._clients: list[_Client] = []
        self._threads = ThreadPoolExecutor(_CONNECTIONS)

    def prepare(self, count: int) -> None:
        """Start the server, link an application, and open the connections."""
        self.address = self._serve()
        self.token = self._run("token", "create", "benchmark").strip()
        linked = json.loads(self._run("link", str(self.folder), "--name", "benchmark", "--json"))
        self._path = f"/api/instances/{linked['instance']}/background-processes"
        self._bodies = [self._body(size) for size in _sizes(count)]
        connections = min(_CONNECTIONS, len(self._bodies))
        self._clients = [_Client(self.address, self.token) for _ in range(connections)]

    def request(self) -> int:
        """Create the background processes, on all connections at once when there are several."""
        begun = now()
        self.made = self._on_all(lambda client, body: client.create(self._path, body), self._bodies)
        return begun

    def withdraw(self) -> int:
        """Delete the background processes."""
        begun = now()
        self._on_all(lambda client, made: client.delete(f"/api/background-processes/{made}"), self.made)
        self.made = []
        return begun

    def close(self) -> None:
        """Bring everything down, as an administrator would."""
        self._threads.shutdown()
        if self._server is None:
            return
        for client in self._clients:
            client.close()
        try:
            self._run("down")
        finally:
            end(self._server)
            self._server = None

    def supervisors(self) -> Mapping[str, Sequence[int]]:
        """Return the pids of the server and of the keeper, which is the parent of the children."""
        assert self._server is not None
        return {SERVER: [self._server.pid], KEEPER: [self.living()[0].parent]}

    def _body(self, processes: int) -> str:
        command = f"{self.programs.child} {self.records.path}"
        return json.dumps({"type": "custom", "processes": processes, "command": command})

    def _serve(self) -> str:
        words = [_COMMAND, "serve", "--data", str(self._data), "--bind", "127.0.0.1:0"]
        log = self.folder / "engineroom.log"
        with log.open("ab") as output:
            self._server = subprocess.Popen(
                words,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
            )
        assert self._server.stdout is not None
        line = self._server.stdout.readline().decode()
        if not line.startswith(_LISTENS):
            raise ContenderError(f"engineroom serve did not start: {line}{log.read_text()}")
        return line.removeprefix(_LISTENS).strip()

    def _run(self, *words: str) -> str:
        return run([_COMMAND, *words, "--data", str(self._data)], self._environment)

    def _on_all(self, call: "Callable[[_Client, str], str]", items: Sequence[str]) -> list[str]:
        """Call for each of `items`, on as many connections at once as there are; return the answers."""
        if len(self._clients) == 1:
            return [call(self._clients[0], item) for item in items]
        free: SimpleQueue[_Client] = SimpleQueue()
        for client in self._clients:
            free.put(client)

        def on_a_free_one(item: str) -> str:
            client = free.get()
            try:
                return call(client, item)
            finally:
                free.put(client)

        return list(self._threads.map(on_a_free_one, items))


class _Client:
    """One connection that stays open between requests."""

    def __init__(self, address: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._connection.connect()
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def create(self, path: str, body: str) -> str:
        """Create a background process and return its id."""
        answer = self._call("POST", path, body, status=201)
        identifier: str = json.loads(answer)["data"]["id"]
        return identifier

    def delete(self, path: str) -> str:
        """Delete a background process and return the path of what is gone."""
        self._call("DELETE", path, None, status=204)
        return path

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _call(self, method: str, path: str, body: str | None, *, status: int) -> bytes:
        try:
            response = self._ask(method, path, body)
        except ConnectionError:  # the server closes what was not used for some seconds
            self._connection.close()
            response = self._ask(method, path, body)
        content = response.read()
        if response.status != status:
            raise ContenderError(f"{method} {path} answered {response.status}: {content.decode()}")
        return content

    def _ask(self, method: str, path: str, body: str | None) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, self._headers)
        return self._connection.getresponse()


def _sizes(count: int) -> list[int]:
    """Return how many processes each background process has, so that there are `count` in all."""
    full, rest = divmod(count, _MAX_PROCESSES)
    return [_MAX_PROCESSES] * full + [rest] * (rest > 0)
