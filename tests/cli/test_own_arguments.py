"""What is secret on the command line is not in the list of processes while the command runs."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cyclopts import App

from engineroom.cli.commands import app
from engineroom.cli.own_arguments import SECRET_OPTIONS, secrets_in
from tests.support.engineroom_server import ENGINEROOM
from tests.support.hostile_server import hostile_server
from tests.support.waiting import patient, wait_until

SECRET = "correct-horse-battery-staple"
HIDDEN = b"x" * len(SECRET)


@pytest.mark.parametrize(
    ("words", "secrets"),
    [
        (["link", "/x", "--variable", "KEY=value"], ["value"]),
        (["link", "/x", "--variable=KEY=a=b"], ["a=b"]),
        (["link", "--variable", "A=1", "--variable", "B=2", "/x"], ["1", "2"]),
        (["link", "--variable", "KEY", "/x=y"], []),
        (["link", "--variable", "KEY="], []),
        (["link", "--variable=KEY"], []),
        (["link", "--variables-file", "file=x"], []),
        (["logs", "--token", "a|b", "id"], ["a|b"]),
        (["logs", "--token=a=b"], ["a=b"]),
        (["logs", "--token"], []),
        (["logs", "--token", "\xff\xfe"], ["\xff\xfe"]),
    ],
)
def test_values_are_found_and_nothing_else(words: Sequence[str], secrets: list[str]) -> None:
    area = b"\0".join(word.encode("latin-1") for word in words) + b"\0"
    found = [area[offset : offset + length] for offset, length in secrets_in(area.split(b"\0"))]
    assert found == [secret.encode("latin-1") for secret in secrets]


def test_every_option_that_is_named_after_a_secret_is_one() -> None:
    named = {
        name.encode()
        for command in commands(app)
        for argument in command.assemble_argument_collection()
        for name in argument.names
        if any(word in name for word in ("token", "secret", "password", "variable", "key"))
        and name.startswith("--")
        and not name.endswith("-file")
    }
    assert named == set(SECRET_OPTIONS)


def commands(of: App) -> Iterator[App]:
    """Return the commands that are called, of all groups."""
    for name in of:
        if not name.startswith("-"):
            inner = of[name]
            if inner.default_command is not None:
                yield inner
            yield from commands(inner)


@contextlib.contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [ENGINEROOM, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class Watcher:
    """Reads in the list of processes what a process was started with, again and again, once it has hidden what is secret."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._file = Path(f"/proc/{process.pid}/cmdline")
        self.shown: set[bytes] = set()
        wait_until("the value is hidden", lambda: HIDDEN in self._look())
        self.shown.clear()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _look(self) -> bytes:
        with contextlib.suppress(OSError):
            found = self._file.read_bytes()
            self.shown.add(found)
            return found
        return b""

    def _watch(self) -> None:
        while not self._over.wait(0.001):
            self._look()

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_the_value_of_a_linked_variable_is_hidden_while_the_command_waits_and_is_taken(
    tmp_path: Path,
) -> None:
    code, waits = tmp_path / "code", tmp_path / "variables"
    code.mkdir()
    os.mkfifo(waits)
    with running(
        *("link", str(code), "--variable", f"PASSWORD={SECRET}", "--variables-file", str(waits)),
        *("--data", str(tmp_path / "data")),
    ) as linking:
        with Watcher(linking) as watched:
            # It waits for somebody to write, as a shell's `<(…)` may.
            waits.write_text("OTHER=seen\n")
            said, warned = linking.communicate(timeout=patient(60))
        assert linking.returncode == 0, warned
    assert "environment" in said
    assert "PASSWORD" in warned
    assert any(b"PASSWORD=" + HIDDEN in shown for shown in watched.shown)
    assert [shown for shown in watched.shown if SECRET.encode() in shown] == []


def test_a_token_is_hidden_while_the_command_waits_and_is_shown_to_the_server() -> None:
    def never(_: object) -> None:
        threading.Event().wait(patient(60))

    with (
        hostile_server(never) as server,
        running(
            "logs", "process-1", "--url", f"http://127.0.0.1:{server.port}", f"--token={SECRET}"
        ) as following,
        Watcher(following) as watched,
    ):
        wait_until("it has asked the server", lambda: server.heard)
        assert f"Bearer {SECRET}".encode() in server.heard[0]
    assert any(b"--token=" + HIDDEN in shown for shown in watched.shown)
    assert [shown for shown in watched.shown if SECRET.encode() in shown] == []
