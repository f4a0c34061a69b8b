"""What children print is marked with times and bounded, and nobody has to reopen anything for it."""

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper.output import holes, spool_notes
from engineroom.keeper.output import spool as spool_module
from engineroom.keeper.output import stream as stream_module
from engineroom.keeper.output.offset_index import OffsetIndex
from engineroom.model.logs.output import lines
from tests.keeper.output.spool_desk import ID, KEPT, Desk, numbered, used

_JIFFY_NANOSECONDS = 10_000_000  # the kernel takes a file's time from its last tick


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.reader.close()


def test_each_line_has_the_time_of_the_kernel_and_the_pid_of_its_writer(desk: Desk) -> None:
    desk.spool.began(ID, 4711)
    before = time.time_ns()
    desk.prints(b"one\n")
    time.sleep(_JIFFY_NANOSECONDS / 1e9)
    desk.prints(b"two\n", stream=1)
    assert [(line.text, line.stream, line.pid) for line in desk.follow()] == [
        (b"one", "stdout", 4711),
        (b"two", "stderr", 4711),
    ]
    assert all(before - _JIFFY_NANOSECONDS <= line.at_nanoseconds <= time.time_ns() for line in desk.lines)
    assert (desk.lines[0].background_process, desk.lines[0].replica, desk.lines[0].index) == (
        "process-1",
        1,
        0,
    )


def test_output_is_noticed_when_there_are_descriptors_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*path: object, **how: object) -> int:  # noqa: ARG001
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(desk.spool.notices, "take", lambda: None)
    desk.prints(b"one\n")
    desk.write(b"two\n")
    desk.write(b"three\n", stream=1)
    with monkeypatch.context() as out_of_descriptors:
        for function in ("builtins.open", "os.open", "os.listdir"):
            out_of_descriptors.setattr(function, cannot)
        desk.spool.look()
    monkeypatch.setattr(desk.spool.notices, "take", set)
    desk.spool.keep_up()
    assert desk.texts() == [b"one", b"two", b"three"]


def test_what_cannot_be_deleted_is_left_to_the_next_keeper(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(path: str, length: int = 0) -> None:  # noqa: ARG001
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    desk.spool.began(ID, 1)
    desk.prints(b"one\n")
    desk.follow()
    with monkeypatch.context() as read_only:
        read_only.setattr(os, "unlink", cannot)
        read_only.setattr(os, "truncate", cannot)
        desk.acknowledge()
        desk.spool.gone(ID)
        desk.acknowledge()
    desk.begin_anew({})
    desk.acknowledge()
    assert not list((desk.folder / "spool").iterdir())


def test_a_line_is_read_when_it_is_whole(desk: Desk) -> None:
    desk.prints(b"hal")
    assert desk.texts() == []
    desk.prints(b"lo\nwor")
    assert desk.texts() == [b"hallo"]
    assert not desk.read()
    desk.prints(b"ld\n")
    assert desk.texts() == [b"hallo", b"world"]


def test_the_same_positions_give_the_same_again(desk: Desk) -> None:
    desk.prints(b"one\n")
    first = desk.read()
    desk.prints(b"two\n")
    assert [line.text for chunk in desk.read(after={}) for line in lines(chunk)] == [b"one", b"two"]
    assert [line.text for chunk in first for line in lines(chunk)] == [b"one"]


def test_the_end_of_a_life_ends_its_line(desk: Desk) -> None:
    desk.spool.began(ID, 1)
    desk.prints(b"partial")
    assert desk.texts() == []
    desk.spool.ended(ID, 1)
    assert desk.texts() == [b"partial"]
    desk.spool.began(ID, 2)
    desk.prints(b"next\n")
    desk.spool.ended(ID, 2)
    desk.spool.ended(ID, 0)
    assert [(line.text, line.pid) for line in desk.follow()] == [(b"partial", 1), (b"next", 2)]


def test_what_was_written_with_the_keeper_away_is_found(desk: Desk) -> None:
    desk.spool.began(ID, 1)
    desk.prints(b"before\npart")
    desk.write(b"ial\nafter\n")
    desk.begin_anew({ID: 1})
    assert [(line.text, line.pid) for line in desk.follow()] == [
        (b"before", 1),
        (b"partial", 1),
        (b"after", 1),
    ]


def test_one_that_died_with_the_keeper_away_ends_its_line(desk: Desk) -> None:
    desk.spool.began(ID, 1)
    desk.prints(b"last wo")
    desk.write(b"rds")
    desk.begin_anew({ID: 0})
    assert [(line.text, line.pid) for line in desk.follow()] == [(b"last words", 1)]


@pytest.mark.parametrize("process", [ID, "process-1.1.0.other"])
def test_a_clock_that_jumps_does_not_reorder(desk: Desk, process: str) -> None:
    now = time.time()
    for number, offset in enumerate([0.0, -1800.0, 900.0, -0.5]):
        desk.prints(b"%d\n" % number, process=process, at=now + offset)
    times = [line.at_nanoseconds for line in desk.follow()]
    assert [line.text for line in desk.lines] == [b"0", b"1", b"2", b"3"]
    assert times == sorted(times)
    assert times[-1] <= time.time_ns()


def test_a_line_of_ten_megabytes_comes_in_pieces(desk: Desk) -> None:
    desk.spool.keep(1 << 30)
    long = os.urandom(10_000_000).replace(b"\n", b"\0")
    for begin in range(0, len(long), 1 << 20):
        desk.prints(long[begin : begin + (1 << 20)])
    desk.prints(b"\nnext\n")
    made = desk.follow()
    assert b"".join(line.text for line in made[:-1]) == long
    assert [line.cut for line in made] == [True] * (len(made) - 2) + [False, False]
    assert made[-1].text == b"next"


def test_a_line_printed_byte_by_byte_for_long_is_read_at_its_end(desk: Desk) -> None:
    for _ in range(600):
        desk.prints(b".")
    assert desk.texts() == []
    desk.prints(b"done\n")
    assert desk.texts() == [b"." * 600 + b"done"]


def test_any_bytes_survive(desk: Desk) -> None:
    data = bytes(range(256)) * 3
    desk.prints(data + b"\n")
    assert b"\n".join(desk.texts()) == data


def test_nothing_printed_is_nothing_to_read(desk: Desk) -> None:
    for stream in range(2):
        desk.path(stream=stream).touch()
    desk.spool.look()
    desk.spool.ended(ID, 1)
    assert not desk.read()
    desk.spool.gone(ID)
    assert not list((desk.folder / "spool").iterdir())


def test_a_flood_stays_in_its_bound_and_what_is_lost_is_counted(desk: Desk) -> None:
    written = 0
    for turn in range(40):
        data = numbered(turn * 2000, 2000)
        desk.prints(data)
        written += len(data)
        assert used(desk.path()) <= KEPT + len(data) + holes.BLOCK_BYTES
    texts = desk.texts()
    assert texts[-1] == b"line 79999"
    assert texts == [b"line %d" % number for number in range(80_000 - len(texts), 80_000)]
    assert desk.dropped + sum(len(text) + 1 for text in texts) == written
    assert desk.path().stat().st_size == written
    assert 0 < written - desk.spool.dropped(ID) <= KEPT


def test_what_is_to_be_kept_is_remembered_and_kept_at_once(desk: Desk) -> None:
    desk.spool.keep(1 << 30)
    desk.begin_anew({ID: 1})
    desk.prints(b"x" * 1023 + b"\n" * 10_000)
    desk.begin_anew({ID: 1})
    assert not desk.spool.dropped(ID)
    desk.spool.keep(KEPT)
    desk.spool.puncher.wait()
    assert used(desk.path()) <= KEPT


@pytest.mark.parametrize("content", [b"", b"many\n"])
def test_one_that_cannot_read_what_is_to_be_kept_keeps_what_it_would_at_first(
    desk: Desk, content: bytes
) -> None:
    (desk.folder / "kept_bytes").write_bytes(content)
    desk.begin_anew({})
    assert desk.spool.kept_bytes == spool_notes.DEFAULT_KEPT_BYTES


def test_a_reader_that_is_outrun_while_it_reads_goes_on_where_it_can(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outrun(descriptor: int, size: int, offset: int) -> bytes:
        data = pread(descriptor, size, offset)
        if data.startswith(b"line "):
            monkeypatch.undo()
            desk.prints(more)
        return data

    pread = os.pread
    first, more = numbered(0, 1000), numbered(1000, 20_000)
    assert len(more) > len(first) + KEPT
    desk.prints(first)
    monkeypatch.setattr(os, "pread", outrun)
    texts = desk.texts()
    assert texts == [b"line %d" % number for number in range(21_000 - len(texts), 21_000)]
    assert desk.dropped + sum(len(text) + 1 for text in texts) == len(first) + len(more)


def test_nothing_is_given_up_while_that_cannot_be_written_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot_open(marks: OffsetIndex) -> int:  # noqa: ARG001
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    desk.prints(b"first\n")
    with monkeypatch.context() as out_of_descriptors:
        out_of_descriptors.setattr(OffsetIndex, "_open", cannot_open)
        desk.prints(numbered(0, 20_000))
    desk.prints(b"last\n")
    assert desk.texts()[-1] == b"last"
    assert not any(b"\0" in text for text in desk.texts())
    assert desk.dropped
    assert used(desk.path()) <= KEPT


def test_what_is_acknowledged_is_given_back_and_not_counted_as_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "_FREE_IN_STEPS_BYTES", 16 * 1024)
    for turn in range(20):
        desk.prints(numbered(turn * 10_000, 4000))
        desk.follow()
        desk.acknowledge()
        desk.spool.puncher.wait()
        assert used(desk.path()) <= 2 * holes.BLOCK_BYTES
    assert len(desk.lines) == 80_000
    assert desk.spool.dropped(ID) == 0


@pytest.mark.parametrize("died", [False, True])
def test_where_holes_cannot_be_made_the_file_is_emptied(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, died: bool
) -> None:
    def dies(path: str, length: int) -> None:
        if "/spool/" in path:
            raise KeyboardInterrupt
        truncate(path, length)

    truncate = os.truncate

    desk.prints(numbered(0, 1000))
    desk.follow()
    monkeypatch.setattr(holes, "punch", lambda path, begin, end: False)  # noqa: ARG005
    monkeypatch.setattr(
        holes.Puncher,
        "punch",
        lambda self, path, begin, end: self.failed.add(path),  # noqa: ARG005
    )
    desk.prints(numbered(1000, 20_000))
    desk.write(numbered(21_000, 20_000))
    if died:
        monkeypatch.setattr(os, "truncate", dies)
        with pytest.raises(KeyboardInterrupt):
            desk.spool.look()
        monkeypatch.undo()
        desk.begin_anew({ID: 1})
    else:
        desk.spool.look()
    assert desk.path().stat().st_size == 0
    desk.prints(numbered(50_000, 3))
    assert desk.texts()[:1000] == [b"line %d" % number for number in range(1000)]
    # What comes first behind what was lost may be the rest of a line, and is left out.
    assert desk.texts()[-2:] == [b"line 50001", b"line 50002"]
    assert desk.dropped


def test_a_time_before_all_times_is_taken_for_the_first(desk: Desk) -> None:
    desk.prints(b"one\n", at=-10_000_000.0)
    desk.prints(b"two\n")
    assert desk.texts() == [b"one", b"two"]


def test_one_that_is_gone_is_kept_until_it_is_read(desk: Desk) -> None:
    desk.spool.began(ID, 1)
    desk.prints(b"one\n")
    desk.write(b"last words")
    desk.spool.ended(ID, 1)
    desk.spool.gone(ID)
    desk.begin_anew({})
    assert desk.texts() == [b"one", b"last words"]
    desk.acknowledge()
    assert not list((desk.folder / "spool").iterdir())
    assert not list((desk.folder / "marks").iterdir())
    assert not desk.read()


def test_of_what_is_gone_and_never_read_the_oldest_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(spool_module, "_GONE_KEPT_BYTES", 3 * KEPT // 2)
    for name in ("a", "b"):
        desk.prints(b"x" * (KEPT - 1) + b"\n", process=f"p.1.0.{name}")
        desk.spool.gone(f"p.1.0.{name}")
    desk.spool.keep_up()
    assert [path.name for path in (desk.folder / "spool").iterdir()] == ["p.1.0.b.stdout"]
    assert "output.given_up" in capsys.readouterr().err
    monkeypatch.setattr(spool_module, "_GONE_KEPT_SECONDS", -1.0)
    desk.spool.keep_up()
    assert not list((desk.folder / "spool").iterdir())


def test_while_nobody_reads_marks_are_few(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "_MANY_MARKS", 50)
    monkeypatch.setattr(stream_module, "_LOOK_AT_MARKS_EACH", 5)
    desk.spool._streams.clear()
    for number in range(3000):
        desk.prints(b"line %d\n" % number)
    desk.spool.ended(ID, 1)
    assert (desk.folder / "marks" / f"{ID}.stdout").stat().st_size < 3000 * 24 / 2
    assert desk.texts() == [b"line %d" % number for number in range(3000)]


def test_marks_that_are_read_are_given_back(desk: Desk) -> None:
    desk.spool.began(ID, 1)
    for number in range(12_000):
        desk.prints(b"%d\n" % number)
        if number % 500 == 0:
            desk.follow()
            desk.acknowledge()
    assert [int(text) for text in desk.texts()] == list(range(12_000))
    assert used(desk.folder / "marks" / f"{ID}.stdout") < 12_000 * 24 * 3 / 4


def test_more_notices_than_the_kernel_keeps_lose_nothing(desk: Desk) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with desk.path("p.1.0.a").open("ab", 0) as one, desk.path("p.1.0.b").open("ab", 0) as other:
        for _ in range(limit // 2 + 10):
            one.write(b"\n")
            other.write(b"\n")
    desk.write(b"late\n", process="p.1.0.c")
    desk.spool.look()
    assert b"late" in desk.texts()


@pytest.mark.parametrize("is_killed_before_it_looks", [False, True])
def test_who_comes_back_with_an_older_journal_is_read_from_his_first_line(
    tmp_path: Path, is_killed_before_it_looks: bool
) -> None:
    desk = Desk(tmp_path)
    desk.prints(numbered(0, 100))
    desk.spool.gone(ID)
    desk.follow()
    desk.acknowledge()
    desk.begin_anew({ID: 0})
    desk.spool.began(ID, 1)
    desk.write(b"once\n")
    if is_killed_before_it_looks:
        desk.begin_anew({ID: 1})
    desk.look()
    desk.reader.look_again()  # as whoever connects to another keeper does
    [chunk] = desk.read()
    assert (chunk.data, chunk.dropped_bytes) == (b"once\n", 0)
    assert chunk.begin > desk.after[chunk.id]
    desk.after[chunk.id] = chunk.end
    desk.acknowledge()

    desk.begin_anew({ID: 1})
    desk.prints(b"more\n")
    assert desk.texts()[100:] == [b"more"]
    assert not desk.dropped
    desk.reader.close()
