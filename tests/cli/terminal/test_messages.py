"""What commands print holds nothing that a terminal obeys, whoever chose it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engineroom.cli.terminal.messages import note, table
from tests.support.engineroom_server import ENGINEROOM

HOSTILE = b"release\x1b]0;owned\x07\x1b[2J\r\n\xff"


def test_a_table_and_a_note_show_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    table(("folder",), [("a\x1b[2J\nb\udcff",)])
    note("c\x1b]0;x\x07\udcff")
    said = capsys.readouterr()
    assert said.out == "folder\na\\x1b[2J\\nb\\xdcff\n"
    assert said.err == "c\\x1b]0;x\\x07\\xdcff\n"


def test_where_a_link_in_a_folder_of_somebody_elses_leads_is_listed_on_one_line(tmp_path: Path) -> None:
    made = tmp_path / os.fsdecode(HOSTILE)
    made.mkdir()
    (tmp_path / "current").symlink_to(made)
    data = ("--data", str(tmp_path / "data"))
    for words in (("folder", "allow", str(tmp_path / "current"), *data), ("folder", "list", *data)):
        ran = subprocess.run([ENGINEROOM, *words], capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.decode().splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    assert "release" in lines[1]


def test_a_log_that_cannot_be_written_holds_up_nobody_who_has_something_to_tell() -> None:
    program = """
import structlog
from engineroom.cli.terminal.messages import configure_log
configure_log()
structlog.get_logger().warning("The disk is full.", action="test")
print("goes on")
"""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert ran.stdout == b"goes on\n"
