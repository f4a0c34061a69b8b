"""The keeper's memory: what was written is read again, whatever happened to the file."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engineroom.keeper.processes import journal as journal_module
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.process import JsonObject


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def opened(path: Path, boot: str = "boot") -> tuple[Journal, list[JsonObject]]:
    journal = Journal(path, boot=boot)
    return journal, list(journal.replay())


def close(journal: Journal) -> None:
    os.close(journal._file)


def test_a_new_one_has_an_epoch_and_nothing_in_it(path: Path) -> None:
    journal, entries = opened(path)
    assert entries == []
    assert len(journal.epoch) == 16
    assert journal.sequence == 0
    again, entries = opened(path)
    assert again.epoch == journal.epoch
    assert entries == [{"epoch": journal.epoch, "boot": "boot", "sequence": 0}]
    close(journal)
    close(again)


def test_two_new_ones_have_different_epochs(tmp_path: Path) -> None:
    first, _ = opened(tmp_path / "first")
    second, _ = opened(tmp_path / "second")
    assert first.epoch != second.epoch
    close(first)
    close(second)


def test_what_was_written_is_read_in_its_order(path: Path) -> None:
    journal, _ = opened(path)
    journal.record_spec({"id": "a"})
    line = journal.record_event("started", {"id": "a", "pid": 7}, 12.5)
    close(journal)
    again, (_, *entries) = opened(path)
    assert entries == [
        {"spec": {"id": "a"}},
        {"sequence": 1, "event": "started", "at": 12.5, "process": {"id": "a", "pid": 7}},
    ]
    assert path.read_bytes().endswith(line)
    assert again.sequence == 1
    assert list(again.events_after(0)) == [line]
    assert list(again.events_after(1)) == []
    close(again)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_wherever_the_file_was_cut_off_all_whole_lines_are_read(path: Path, data: st.DataObject) -> None:
    path.unlink(missing_ok=True)
    journal, _ = opened(path)
    for number in range(5):
        journal.record_event("started", {"id": "a", "number": number}, float(number))
    close(journal)
    content = path.read_bytes()
    header = content.index(b"\n") + 1
    cut = data.draw(st.integers(min_value=header, max_value=len(content)))
    path.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n") - 1

    again, (_, *entries) = opened(path)
    assert [entry["process"]["number"] for entry in entries] == list(range(whole))
    assert again.sequence == whole
    again.record_event("exited", {"id": "a"}, 9.0)
    close(again)
    last, (_, *entries) = opened(path)
    assert [entry["event"] for entry in entries] == ["started"] * whole + ["exited"]
    close(last)


def test_a_file_without_one_whole_line_is_a_new_memory(path: Path) -> None:
    path.write_bytes(b'{"epoch": "abc')
    journal, entries = opened(path)
    assert entries == []
    assert journal.epoch
    close(journal)
    again, entries = opened(path)
    assert [entry["epoch"] for entry in entries] == [journal.epoch]
    close(again)


def test_rewriting_keeps_what_lives_the_last_events_and_the_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_COMPACT_ABOVE_BYTES", 4000)
    monkeypatch.setattr(journal_module, "_EVENTS_KEPT_BYTES", 1000)
    journal, _ = opened(path)
    journal.record_spec({"id": "a"})
    journal.record_spec({"id": "gone"})
    while path.stat().st_size <= 4000:
        journal.record_event("exited", {"id": "a"}, 1.0)
    written, epoch = journal.sequence, journal.epoch
    journal.rewrite({}, [({"id": "a"}, {"id": "a", "state": "running"})])
    assert not journal.wants_rewriting
    journal.record_event("started", {"id": "a"}, 2.0)
    close(journal)

    again, entries = opened(path)
    assert (again.epoch, again.sequence) == (epoch, written + 1)
    assert [entry["spec"] for entry in entries if "spec" in entry] == [{"id": "a"}]
    kept = [entry["sequence"] for entry in entries if "event" in entry]
    assert kept == list(range(kept[0], written + 2))
    assert 10 < len(kept) < written
    assert entries[-2] == {"snapshot": {"id": "a", "state": "running"}}
    assert set(os.listdir(path.parent)) <= {"journal", "variables-at"}  # noqa: PTH208
    close(again)


def health(journal: Journal) -> tuple[bool, bool]:
    return journal.failing, journal.wants_rewriting


class FullDisk:
    """Stands for `os` in the journal: from now on there is room for so many bytes more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, descriptor: int, data: bytes) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(descriptor, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("room", [0, 1, 20, 150])
def test_on_a_full_disk_it_goes_on_in_memory_and_heals(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], room: int
) -> None:
    journal, _ = opened(path)
    journal.record_event("started", {"id": "a", "pid": 1}, 1.0)
    before = path.read_bytes()
    monkeypatch.setattr(journal_module, "os", FullDisk(room))
    lines = [journal.record_event("exited", {"id": "a", "pid": None}, float(at)) for at in range(3)]
    assert all(b'"exited"' in line for line in lines), "who watches is told all the same"
    assert journal.sequence == 4
    assert health(journal) == (True, True)
    assert path.read_bytes() == before + b"".join(lines)[: len(path.read_bytes()) - len(before)]
    assert path.read_bytes().endswith(b"\n"), "no half line stays"
    assert capsys.readouterr().err.count("journal.failed") == 1, "it is said once"

    monkeypatch.undo()
    journal.rewrite({}, [({"id": "a"}, {"id": "a", "pid": 2})])
    assert health(journal) == (False, False)
    journal.record_event("exited", {"id": "a", "pid": None}, 9.0)
    close(journal)
    again, entries = opened(path)
    assert again.sequence == 5
    assert {"snapshot": {"id": "a", "pid": 2}} in entries
    assert entries[-1]["sequence"] == 5
    close(again)


def test_a_rewrite_that_fails_leaves_the_old_file_as_it_was(path: Path) -> None:
    journal, _ = opened(path)
    journal.record_event("started", {"id": "a"}, 1.0)
    before = path.read_bytes()
    path.with_suffix(".new").mkdir()
    try:
        journal.rewrite({}, [({"id": "a"}, {"id": "a"})])
    finally:
        path.with_suffix(".new").rmdir()
    assert path.read_bytes() == before
    journal.rewrite({}, [({"id": "a"}, {"id": "a"})])
    assert not journal.failing
    close(journal)
