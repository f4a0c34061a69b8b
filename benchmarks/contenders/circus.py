"""circus, from PyPI, as its documentation sets it up."""

import importlib
import importlib.util
import subprocess
import sys
from typing import Any

from benchmarks.contenders.base import Contender, ContenderError, end, now
from benchmarks.setup import MissingError

_CONFIGURATION = """\
[circus]
endpoint = {endpoint}
pubsub_endpoint = ipc://{folder}/published
logoutput = {folder}/circusd.log

[watcher:child]
cmd = {child}
args = {records}
numprocesses = {count}
autostart = False
"""

_ANSWER_SECONDS = 60.0


class Circus(Contender):
    """One circusd with one watcher, asked over its socket, which is ZeroMQ's."""

    name = "circus"
    asked_by = "the message `start` to circusd, of a watcher that its configuration has"

    _process: "subprocess.Popen[bytes] | None" = None

    def prepare(self, count: int) -> None:
        """Start circusd with a watcher of `count` processes, and wait until it answers."""
        if importlib.util.find_spec("circus") is None:
            raise MissingError(
                "it is not in this Python; install it with: .venv/bin/pip install -e '.[bench]'"
            )
        endpoint = f"ipc://{self.folder}/asked"
        configuration = self.folder / "circus.ini"
        configuration.write_text(
            _CONFIGURATION.format(
                endpoint=endpoint,
                folder=self.folder,
                child=self.programs.child,
                records=self.records.path,
                count=count,
            )
        )
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "circus.circusd", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._client = _client(endpoint)
        # ZeroMQ holds the question back until circusd listens.
        self._ask("globaloptions")

    def request(self) -> int:
        """Have the watcher started, without waiting until all of it is."""
        return self._ask("start", name="child", waiting=False)

    def withdraw(self) -> int:
        """Have the watcher stopped, and wait until it is."""
        return self._ask("stop", name="child", waiting=True)

    def close(self) -> None:
        """End circusd, which ends its children first."""
        end(self._process)
        if self._process is not None:
            self._client.stop()

    def _ask(self, command: str, **properties: object) -> int:
        begun = now()
        answer = self._client.send_message(command, **properties)
        if answer.get("status") != "ok":
            raise ContenderError(f"circusd does not {command}: {answer}")
        return begun


def _client(endpoint: str) -> Any:
    # circus is there only with the extra `bench`.
    return importlib.import_module("circus.client").CircusClient(endpoint=endpoint, timeout=_ANSWER_SECONDS)
