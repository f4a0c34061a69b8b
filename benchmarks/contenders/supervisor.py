"""Supervisor, from PyPI, as its documentation sets it up."""

import importlib.util
import subprocess
import sys
import time
import xmlrpc.client

from benchmarks.contenders.base import Contender, ContenderError, end, now
from benchmarks.ports import free_port
from benchmarks.setup import MissingError

_CONFIGURATION = """\
[supervisord]
nodaemon=true
logfile={folder}/supervisord.log
pidfile={folder}/supervisord.pid
childlogdir={folder}
minfds=10000

[inet_http_server]
port=127.0.0.1:{port}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[program:child]
command={child} {records}
process_name=%(process_num)03d
numprocs={count}
autostart=false
autorestart=true
"""

_ANSWER_SECONDS = 30.0


class Supervisor(Contender):
    """One supervisord with one program; its children's output goes to its own log files, as by default."""

    name = "Supervisor"
    asked_by = "startProcessGroup over XML-RPC, of a program that its configuration has"

    _process: "subprocess.Popen[bytes] | None" = None

    def prepare(self, count: int) -> None:
        """Start supervisord with a program of `count` processes, and wait until it answers."""
        if importlib.util.find_spec("supervisor") is None:
            raise MissingError(
                "it is not in this Python; install it with: .venv/bin/pip install -e '.[bench]'"
            )
        port = free_port()
        configuration = self.folder / "supervisord.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                port=port,
                child=self.programs.child,
                records=self.records.path,
                count=count,
            )
        )
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._proxy = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{port}/RPC2")
        self._wait_for_answer()

    def request(self) -> int:
        """Have the program's processes started, without waiting until they count as running."""
        begun = now()
        self._proxy.supervisor.startProcessGroup("child", False)
        return begun

    def withdraw(self) -> int:
        """Have the program's processes stopped, and wait until supervisord knows that they are."""
        begun = now()
        self._proxy.supervisor.stopProcessGroup("child", True)
        return begun

    def close(self) -> None:
        """End supervisord, which ends its children first."""
        end(self._process)

    def _wait_for_answer(self) -> None:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while True:
            try:
                self._proxy.supervisor.getState()
            except OSError as error:
                if time.monotonic() > deadline:
                    written = (self.folder / "output").read_text()
                    raise ContenderError(
                        f"supervisord does not answer ({error}); it wrote: {written}"
                    ) from error
                time.sleep(0.02)
            else:
                return
