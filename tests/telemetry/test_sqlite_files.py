"""A file that cannot be opened whole is let go of at once, and is only called unusable when it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engineroom.telemetry.sqlite_files import closed_on_error, connect, is_unusable

_WAL = ("journal_mode = WAL",)


def opened(path: Path) -> list[str]:
    """Return the descriptors of this process that are of the file."""
    found = Path("/proc/self/fd").iterdir()
    return [each.name for each in found if each.exists() and each.samefile(path)]


def test_nonsense_is_unusable_and_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    path.write_bytes(b"nonsense" * 4096)
    with pytest.raises(sqlite3.DatabaseError) as raised:
        connect(path, _WAL)
    assert is_unusable(raised.value)
    assert not opened(path)


def test_what_is_done_first_may_fail_too(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    connection = connect(path, _WAL)
    with pytest.raises(sqlite3.OperationalError) as raised, closed_on_error(connection):
        connection.execute("SELECT * FROM nothing")
    assert not is_unusable(raised.value)
    assert not opened(path)


def test_one_that_is_locked_is_not_unusable(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connect(path, _WAL, busy_timeout_seconds=0)
    assert not is_unusable(raised.value)
    assert not opened(path)


def test_the_kind_of_an_error_counts_and_not_its_details() -> None:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT | (1 << 8)
    assert is_unusable(error)
