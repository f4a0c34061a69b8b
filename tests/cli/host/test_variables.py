"""Where a command takes the values of variables from."""

import contextlib
import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from engineroom.cli.errors import CommandError
from engineroom.cli.host.variables import given_variables
from tests.support.waiting import patient

ASKING = """
import json, sys
from engineroom.cli.host.variables import given_variables
print(json.dumps(given_variables(["SECRET"], None, {})))
"""


def test_the_value_of_a_key_is_taken_from_the_environment_in_silence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert given_variables(["SECRET"], None, {"SECRET": "a=b c"}) == {"SECRET": "a=b c"}
    assert capsys.readouterr() == ("", "")


def test_a_value_on_the_command_line_is_taken_with_a_warning_that_does_not_show_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert given_variables(["SECRET=a=b", "EMPTY="], None, {}) == {"SECRET": "a=b", "EMPTY": ""}
    said = capsys.readouterr().err
    assert "could read the value of SECRET in the list of processes" in said
    assert "a=b" not in said


def test_what_is_in_a_file_is_read_as_a_env_file_and_a_key_beside_it_wins(tmp_path: Path) -> None:
    file = tmp_path / "variables"
    file.write_text("# those of the shop\nexport AA='one # two'\nB=file\nEMPTY=\n")
    assert given_variables(["B"], file, {"B": "word"}) == {"AA": "one # two", "B": "word", "EMPTY": ""}


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"A='x y'\n")))
    assert given_variables([], Path("-"), {}) == {"A": "x y"}


def test_without_a_value_anywhere_and_without_a_terminal_it_is_said_where_one_can_be_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(CommandError, match=r"cannot find a value of SECRET.*--variables-file"):
        given_variables(["SECRET"], None, {})


def test_a_terminal_is_asked_and_does_not_show_what_is_typed() -> None:
    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-c", ASKING],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        # So that there is no other terminal that it could ask at.
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"Value of SECRET: " not in shown:
        shown += os.read(ours, 1024)
    os.write(ours, b"pass word\n")
    output, _ = asking.communicate(timeout=patient(60))
    os.set_blocking(ours, False)
    # The other end is closed, and perhaps nothing more was shown.
    with contextlib.suppress(OSError):
        shown += os.read(ours, 1024)
    os.close(ours)

    assert output == b'{"SECRET": "pass word"}\n'
    assert b"pass word" not in shown


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"A=1\n'\n", "invalid name"), (b"A=\xff\n", "not UTF-8"), (b"A" * 1_000_001, "more than")],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "variables").write_bytes(content)
    with pytest.raises(CommandError, match=reason):
        given_variables([], tmp_path / "variables", {})


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file or directory; give --variables-file"):
        given_variables([], tmp_path / "nothing", {})


def test_a_device_without_an_end_is_not_read_to_its_end() -> None:
    with pytest.raises(CommandError, match="bytes are not read"):
        given_variables([], Path("/dev/zero"), {})
