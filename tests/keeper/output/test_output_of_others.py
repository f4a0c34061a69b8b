"""What is written into the spool's files by those whose output it is, whatever they do there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper import kernel
from engineroom.keeper.output.holes import Puncher
from engineroom.keeper.output.output_files import OutputFiles
from tests.keeper.output.spool_desk import ID, KEPT, Desk, numbered, used


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.reader.close()


@pytest.mark.parametrize("deleted", [False, True])
def test_a_file_that_others_have_emptied_or_deleted_goes_on(desk: Desk, deleted: bool) -> None:
    desk.prints(b"one\n")
    assert desk.texts() == [b"one"]
    if deleted:
        desk.path().unlink()
    else:
        os.truncate(desk.path(), 0)
    desk.prints(b"x\n")
    desk.prints(b"three\n")
    assert desk.texts() == [b"one", b"x", b"three"]


def test_a_line_that_is_too_long_is_read_in_pieces_of_whole_characters(desk: Desk) -> None:
    desk.spool.keep(1 << 23)
    text = "x" + "€" * (1 << 20)
    for place in range(0, len(text), 1 << 18):
        desk.prints(text[place : place + (1 << 18)].encode())
        desk.follow()
    desk.prints(b"\n")
    assert "".join(line.text.decode() for line in desk.follow()) == text


def test_one_that_empties_its_own_output_unread_loses_nothing_else(desk: Desk) -> None:
    desk.prints(b"read\n")
    assert desk.texts() == [b"read"]
    desk.acknowledge()
    desk.prints(b"lost\n")
    desk.path().write_bytes(b"one\n")
    desk.look()
    desk.prints(b"two\n")
    assert desk.texts() == [b"read", b"one", b"two"]
    assert desk.dropped == desk.spool.dropped(ID) == len(b"lost\n")


RESERVED = 256 * 1024 * 1024


def reserve(path: Path) -> None:
    with path.open("ab") as file:
        kernel.reserve(file.fileno(), 0, RESERVED)
    assert used(path) >= RESERVED


@pytest.mark.parametrize("printed", [1, 20_000])
def test_what_is_reserved_for_a_file_of_output_is_given_back_and_no_line_is_lost(
    desk: Desk, printed: int
) -> None:
    desk.prints(numbered(0, printed))
    reserve(desk.path())
    desk.look()
    desk.spool.keep_up()
    desk.spool.puncher.wait()
    assert used(desk.path()) <= 2 * KEPT
    desk.prints(b"the last\n")
    assert desk.texts()[-2:] == [b"line %d" % (printed - 1), b"the last"]


def test_what_is_reserved_for_output_that_is_empty_is_given_back(desk: Desk) -> None:
    reserve(desk.path())
    desk.look()
    desk.spool.keep_up()
    desk.spool.puncher.wait()
    assert used(desk.path()) <= 2 * KEPT
    desk.prints(b"the first\n")
    assert desk.texts() == [b"the first"]


def test_what_is_reserved_behind_the_stretched_output_of_a_run_is_given_back_at_its_end(
    tmp_path: Path,
) -> None:
    path, puncher = tmp_path / "printed", Puncher()
    files = OutputFiles(puncher)
    files.began(ID, str(path))
    stretched = 1 << 40
    with path.open("wb") as file:
        os.pwrite(file.fileno(), b"x", stretched)
        kernel.reserve(file.fileno(), stretched + 4096, RESERVED)
    files.ended(ID)
    puncher.wait()
    assert used(path) < RESERVED // 16
    puncher.close()


@pytest.mark.parametrize("printed", [1, 300_000])
def test_what_is_reserved_for_the_output_of_a_run_is_given_back(tmp_path: Path, printed: int) -> None:
    path, puncher = tmp_path / "printed", Puncher()
    files = OutputFiles(puncher)
    files.began(ID, str(path))
    path.write_bytes(numbered(0, printed))
    reserve(path)
    files.bound()
    puncher.wait()
    assert used(path) < RESERVED // 16
    assert path.read_bytes().endswith(b"line %d\n" % (printed - 1))
    puncher.close()
