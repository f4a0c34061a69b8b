"""What children print on a disk of which there is little, or with files longer than any disk."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper.output import holes
from engineroom.runtime.local.output import OutputReader
from tests.keeper.output.spool_desk import ID, KEPT, Desk, numbered, used
from tests.support.small_disk import fill, small_disk


@pytest.fixture
def two_megabytes(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", megabytes=2) as folder:
        yield folder


def test_a_full_disk_makes_room_oldest_first_and_says_so(
    two_megabytes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(two_megabytes)
    desk.spool.keep(1 << 30)
    desk.prints(b"old\n" * 1000, process="p.1.0.gone")
    desk.spool.gone("p.1.0.gone")
    desk.prints(numbered(0, 1000))
    fill(desk.path("p.1.0.b"), b"x" * 1023 + b"\n")
    desk.spool.look()
    desk.spool.keep_up()
    desk.prints(b"\ngoes on\n")
    assert desk.texts()[-1] == b"goes on"
    told = capsys.readouterr().err
    assert "output.given_up" in told
    assert "output.disk_full" in told
    desk.reader.close()


def test_what_a_full_disk_has_lost_is_not_read_as_zeros(two_megabytes: Path) -> None:
    desk = Desk(two_megabytes)
    desk.spool.keep(1 << 30)
    fill(desk.path(), b"x" * 1023 + b"\n")
    desk.spool.look()
    desk.spool.keep_up()
    desk.prints(b"\ngoes on\n")
    assert b"goes on" in desk.texts()
    assert not any(b"\0" in text for text in desk.texts())
    assert desk.dropped
    desk.reader.close()


def test_marks_that_find_no_room_are_made_up_for(two_megabytes: Path) -> None:
    desk = Desk(two_megabytes)
    desk.spool.began(ID, 1)
    desk.write(b"first\n")
    fill(two_megabytes / "filler")
    desk.spool.look()
    desk.spool.ended(ID, 1)
    assert not desk.read()
    (two_megabytes / "filler").unlink()
    desk.spool.keep_up()
    desk.spool.began(ID, 2)
    desk.prints(b"second\n")
    assert [(line.text, line.pid) for line in desk.follow()] == [(b"first", 1), (b"second", 2)]
    desk.reader.close()


def test_a_file_that_its_child_has_stretched_goes_on(two_megabytes: Path) -> None:
    desk = Desk(two_megabytes)
    desk.prints(b"one\n")
    for _ in range(4):
        os.truncate(desk.path(), (1 << 63) - 1)
        desk.look()
    desk.prints(b"two\n")
    assert desk.texts() == [b"one", b"two"]
    assert not desk.dropped
    desk.reader.close()


def test_what_a_keeper_was_killed_over_is_given_back_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    with monkeypatch.context() as killed:
        killed.setattr(holes.Puncher, "punch", lambda *hole: None)  # noqa: ARG005
        desk.prints(numbered(0, 100_000))
    assert used(desk.path()) > 2 * KEPT
    desk.begin_anew({ID: 1})
    desk.look()
    assert used(desk.path()) <= KEPT
    desk.prints(b"last\n")
    assert desk.texts()[-1] == b"last"
    assert not any(b"\0" in text for text in desk.texts())
    desk.reader.close()


def test_what_could_not_be_marked_is_told_of_when_it_is(two_megabytes: Path) -> None:
    desk = Desk(two_megabytes)
    desk.write(b"last words\n")
    fill(two_megabytes / "filler")
    desk.look()
    assert not desk.read()
    (two_megabytes / "filler").unlink()
    desk.spool.keep_up()
    assert desk.texts() == [b"last words"]
    desk.reader.close()


@pytest.mark.parametrize("lost", ["output", "both", "all output", "everything"])
def test_when_the_host_goes_down_with_output_that_was_read_the_next_is_read_and_nothing_twice(
    tmp_path: Path, lost: str
) -> None:
    desk = Desk(tmp_path)
    marks = tmp_path / "marks" / desk.path().name
    desk.prints(numbered(0, 100))
    sizes = desk.path().stat().st_size, marks.stat().st_size
    desk.prints(numbered(100, 100))
    assert len(desk.follow()) == 200
    if lost in ("output", "both"):
        os.truncate(desk.path(), sizes[0])
    else:
        desk.path().unlink()
    if lost == "both":
        os.truncate(marks, sizes[1])
    elif lost == "everything":
        marks.unlink()

    desk.reader.close()
    desk.reader = OutputReader(tmp_path)
    desk.begin_anew({ID: 0}, boot="two")
    desk.spool.began(ID, 1)
    desk.prints(b"early\n")
    desk.acknowledge()
    desk.prints(b"late\n")
    desk.spool.ended(ID, 1)
    assert desk.texts()[200:] == [b"early", b"late"]
    assert not desk.dropped
    desk.acknowledge()
    desk.begin_anew({ID: 1}, boot="two")
    desk.prints(b"later\n")
    assert desk.texts()[200:] == [b"early", b"late", b"later"]
    desk.reader.close()


def test_what_is_lost_before_a_new_file_is_there_is_made_up_for_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.prints(numbered(0, 100))
    desk.follow()
    desk.path().unlink()
    desk.reader.close()
    desk.reader = OutputReader(tmp_path)
    desk.begin_anew({ID: 0}, boot="two")
    desk.acknowledge()
    desk.prints(b"next\n")
    assert desk.texts()[100:] == [b"next"]
    desk.reader.close()
