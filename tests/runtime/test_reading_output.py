"""Reading what processes print when files cannot be opened, or there are more of them than may be open."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.model.logs.output import lines
from engineroom.runtime.local import output
from tests.keeper.output.spool_desk import ID, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.reader.close()


def open_descriptors() -> list[Path]:
    return list(Path("/proc/self/fd").iterdir())


def no_more_than(descriptors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(path: str, flags: int, *mode: int) -> int:
        if len(open_descriptors()) - before > descriptors:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
        return really(path, flags, *mode)

    really, before = os.open, len(open_descriptors())
    monkeypatch.setattr(os, "open", opened)


def cannot_open(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(path: str, flags: int, *mode: int) -> int:
        if wanted in path:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return really(path, flags, *mode)

    really = os.open
    monkeypatch.setattr(os, "open", opened)


@pytest.mark.parametrize("looks", [False, True])
def test_many_streams_at_once_need_few_descriptors(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, looks: bool
) -> None:
    monkeypatch.setattr(output, "_MAX_OPEN", 3)
    desk.read()
    for turn in range(2):
        for number in range(20):
            desk.write(b"line %d of %d\n" % (turn, number), process=f"process-1.1.{number}.abc")
        desk.spool.look()
        if looks:
            desk.reader.look_again()
        with monkeypatch.context() as limited:
            no_more_than(2 * 3 + 2, limited)
            assert len(desk.texts()) == 20 * (turn + 1)


@pytest.mark.parametrize("looks", [False, True])
def test_one_that_cannot_be_read_holds_up_no_other_and_is_read_when_it_can(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, looks: bool
) -> None:
    desk.prints(b"one\n")
    desk.prints(b"other\n", process="process-2.1.0.abc")
    if looks:
        desk.reader.look_again()
    with monkeypatch.context() as broken:
        cannot_open(f"spool/{ID}", broken)
        [chunk] = desk.read()
        assert [line.text for line in lines(chunk)] == [b"other"]
        desk.after[chunk.id] = chunk.end
        with pytest.raises(OSError, match=ID):
            desk.read()
    assert desk.texts() == [b"one"]


def test_what_could_not_be_looked_for_is_looked_for_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(path: Path) -> Iterator[Path]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    desk.prints(b"one\n")
    desk.reader.look_again()
    with monkeypatch.context() as out_of_descriptors:
        out_of_descriptors.setattr(Path, "iterdir", cannot)
        with pytest.raises(OSError, match="Too many"):
            desk.read()
    assert desk.texts() == [b"one"]
