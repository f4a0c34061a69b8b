"""A program that hands its output to one outside its cgroup (SCM_RIGHTS in unix(7)), and the one that gets it."""

import shutil
import subprocess
from pathlib import Path
from typing import Self

GIVES = """
import signal, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
print("printed before", flush=True)
socket.send_fds(connection, [b"x"], [1])
signal.pause()
"""

PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin") or "python3"
"""One that any user may execute, as a virtual environment in somebody's home is not."""

_TAKES = """
import os, signal, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
listener.listen()
print("listens", flush=True)
connection, _ = listener.accept()
_, (file,), _, _ = socket.recv_fds(connection, 1, 1)
print(file, flush=True)
for line in sys.stdin:
    wanted, left = int(line), b"x" * (1 << 16)
    while wanted > 0:
        wanted -= os.write(file, left)
    print("wrote", flush=True)
"""


class Taker:
    """Waits on a socket for a descriptor; then writes into it as much as a test wants."""

    def __init__(self, path: Path, uid: int) -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-I", "-c", _TAKES, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=uid,
            group=uid,
            extra_groups=[],
        )
        self.path = path
        self._file = ""
        assert self._answer() == "listens"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid

    def take(self) -> None:
        """Wait until it has the descriptor."""
        self._file = self._answer()
        assert self._file.isdecimal()

    def write(self, size: int) -> None:
        """Have it write so many bytes, and wait until it has."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{size}\n")
        self._process.stdin.flush()
        assert self._answer() == "wrote"

    def used(self) -> int:
        """Return how much of the disk its file takes, which may have no name any more."""
        return Path(f"/proc/{self.pid}/fd/{self._file}").stat().st_blocks * 512

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
