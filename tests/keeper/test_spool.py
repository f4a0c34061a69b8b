"""What children print is bounded, and nobody has to reopen anything for it."""

import os
from pathlib import Path

import pytest

from engineroom.keeper import spool as spool_module
from engineroom.keeper.spool import Spool

KEPT = 64 * 1024


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    monkeypatch.setattr(spool_module, "_KEPT_BYTES", KEPT)
    return Spool(tmp_path / "spool")


def written(spool: Spool, name: str, size: int) -> Path:
    stdout, stderr = map(Path, spool.paths(name))
    stdout.write_bytes(os.urandom(size))
    stderr.write_bytes(b"error\n")
    return stdout


def used(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_the_oldest_blocks_are_given_back_and_the_rest_stays_where_it_was(spool: Spool) -> None:
    stdout = written(spool, "a", 10 * KEPT)
    before = stdout.read_bytes()
    os.sync()
    spool.bound()
    after = stdout.read_bytes()
    assert used(stdout) <= 2 * KEPT
    assert len(after) == len(before), "appending goes on behind it"
    assert after[-KEPT:] == before[-KEPT:]
    assert after[:KEPT] == bytes(KEPT)


def test_what_is_small_is_left_alone(spool: Spool) -> None:
    stdout = written(spool, "a", KEPT)
    before = stdout.read_bytes()
    spool.bound()
    assert stdout.read_bytes() == before


def test_a_writer_that_goes_on_stays_in_bounds(spool: Spool) -> None:
    stdout = written(spool, "a", 0)
    with stdout.open("ab", buffering=0) as writer:
        for _ in range(20):
            writer.write(os.urandom(KEPT))
            os.fsync(writer.fileno())
            spool.bound()
            assert used(stdout) <= 3 * KEPT
        writer.write(b"the end")
    assert stdout.read_bytes().endswith(b"the end")
    assert stdout.stat().st_size == 20 * KEPT + 7


def test_where_holes_cannot_be_punched_the_file_is_emptied(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoHoles:
        def fallocate(self, *_: object) -> int:
            return -1

    stdout = written(spool, "a", 10 * KEPT)
    os.sync()
    monkeypatch.setattr(spool, "_libc", NoHoles())
    spool.bound()
    assert stdout.stat().st_size == 0


def test_output_is_removed_with_its_process_and_that_of_others_stays(spool: Spool) -> None:
    paths = {name: written(spool, name, 10) for name in ("a", "a.b", "c")}
    spool.remove("a")
    assert [path.exists() for path in paths.values()] == [False, True, True]
    spool.remove_others({"c"})
    assert [path.exists() for path in paths.values()] == [False, False, True]
    spool.remove("a")
    spool.remove("never")


def test_what_vanished_meanwhile_is_no_trouble(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    (written(spool, "a", 10)).unlink()
    spool.bound()
    assert capsys.readouterr().err == ""
