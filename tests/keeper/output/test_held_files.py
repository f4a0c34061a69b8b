"""Output that was handed to somebody whom the keeper did not start: it stays in its bound, and that is said."""

import contextlib
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper.output import held_files
from engineroom.keeper.output.held_files import HeldFiles, is_written_to
from engineroom.keeper.output.holes import Puncher
from tests.keeper.output.handing_over import GIVES, PYTHON, Taker
from tests.keeper.running_keeper import RunningKeeper
from tests.support.allowed import allow
from tests.support.other_user import as_user
from tests.support.tenants import home_of
from tests.support.waiting import wait_until

NOBODY = 65534
MUCH = 64 * 1024 * 1024
LITTLE = 1024 * 1024


@pytest.fixture
def taker() -> Iterator[Taker]:
    with home_of("nobody") as home, Taker(home / "socket", NOBODY) as taking:
        yield taking


def give(keeper: RunningKeeper, taker: Taker, **how: object) -> None:
    """Run a process of another user's that hands its output over."""
    allow(keeper.folder, "/", "nobody")
    keeper.run("giver", PYTHON, "-I", "-c", GIVES, str(taker.path), user="nobody", **how)
    taker.take()


def end(keeper: RunningKeeper) -> None:
    """Stop the process, and have read what it has printed, as a server does."""
    keeper.stop("giver", force=True)
    keeper.gone("giver")
    keeper.call("acknowledge_output", upto={f"{keeper.id('giver')}.stdout": 1 << 40})


def stays_small(taker: Taker) -> None:
    for _ in range(3):
        taker.write(MUCH)
        wait_until("it is empty again", lambda: taker.used() <= LITTLE)


def names(keeper: RunningKeeper) -> list[str]:
    return [path.name for path in (keeper.folder / "spool").iterdir() if keeper.id("giver") in path.name]


@pytest.mark.needs("root")
def test_output_that_was_handed_to_another_stays_in_its_bound_also_after_a_crash(
    keeper: RunningKeeper, taker: Taker
) -> None:
    give(keeper, taker)
    taker.write(LITTLE)
    end(keeper)
    stays_small(taker)
    wait_until("it is told who has it", lambda: f"pid {taker.pid} (" in keeper.log())
    assert f"user {NOBODY})" in keeper.log()
    keeper.end(signal.SIGKILL)
    taker.write(LITTLE)
    keeper.start()
    stays_small(taker)
    assert names(keeper) == [f".{keeper.id('giver')}.stdout"]
    with taker:
        pass
    wait_until("nothing is left of it", lambda: not names(keeper))
    told = [item for item in keeper.call("hello")["news"]["items"] if item["kind"] == "output.held"]
    assert len(told) <= 1, "one keeper tells of it once"


@pytest.mark.needs("root")
def test_so_does_the_output_of_a_run(keeper: RunningKeeper, taker: Taker, tmp_path: Path) -> None:
    output = tmp_path / "run.output"
    give(keeper, taker, once=True, output_file=str(output))
    keeper.stop("giver", force=True)
    keeper.gone("giver")
    stays = 4 * LITTLE
    assert output.read_bytes() == b"printed before\n"
    taker.write(MUCH)
    wait_until("it is in its bound while it has a name", lambda: taker.used() <= stays)
    output.unlink()
    stays_small(taker)


@pytest.mark.needs("root")
def test_who_has_it_open_without_being_able_to_write_gets_nowhere(
    keeper: RunningKeeper, tmp_path: Path
) -> None:
    """A descriptor that is open for nothing (O_PATH) is no user of the file, but leads to it."""
    path = tmp_path / "printed"
    path.write_bytes(b"x" * LITTLE)
    path.chmod(0o622)
    descriptor = os.open(path, os.O_PATH)

    def opens_again() -> bool:
        with contextlib.suppress(PermissionError):
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY) > 0
        return False

    try:
        assert as_user(NOBODY, opens_again)
        HeldFiles(str(keeper.folder / "spool"), Puncher()).remove(str(path))
        assert not path.exists()
        assert os.fstat(descriptor).st_blocks == 0
        assert not as_user(NOBODY, opens_again)
    finally:
        os.close(descriptor)
    assert not names(keeper)


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    """A run may print into anything."""
    held = HeldFiles(str(tmp_path), Puncher())
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "fifo").chmod(0o622)
    other = tmp_path / "other"
    other.touch()
    other.chmod(0o622)
    (tmp_path / "link").symlink_to(other)
    with other.open("ab"), (tmp_path / "fifo").open("r+b", buffering=0):
        for name in ("fifo", "link", "gone"):
            held.keep(str(tmp_path / name))
    assert not held
    assert stat.S_IMODE(other.stat().st_mode) == stat.S_IMODE((tmp_path / "fifo").stat().st_mode) == 0o622


def test_nobody_who_reads_a_file_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    with path.open("rb"):
        assert not is_written_to(str(path))
    with path.open("ab"):
        assert is_written_to(str(path))


def test_of_files_with_the_same_name_each_is_kept(tmp_path: Path) -> None:
    held = HeldFiles(str(tmp_path), Puncher())
    path = tmp_path / "a.stdout"
    with path.open("ab") as first:
        held.remove(str(path))
        with path.open("ab") as second:
            held.remove(str(path))
            for file in (first, second):
                file.write(b"x" * LITTLE)
                file.flush()
            assert held.bound() >= LITTLE
            assert [os.fstat(file.fileno()).st_size for file in (first, second)] == [0, 0]
            assert not path.exists()
    held.look_again()
    assert not held
    assert not list(tmp_path.iterdir())


def test_it_is_told_when_it_was_found_twice_and_not_more_than_once_a_minute(tmp_path: Path) -> None:
    held = HeldFiles(str(tmp_path), Puncher())
    now = time.monotonic()
    with (tmp_path / "a").open("ab"), (tmp_path / "b").open("ab"):
        held.remove(str(tmp_path / "a"))
        held.look_again()
        assert not list(held.news(now))
        held.look_again()
        assert "(a)" in next(held.news(now))
        held.remove(str(tmp_path / "b"))
        for _ in range(5):
            held.look_again()
        assert not list(held.news(now + 30))
        assert "(b)" in next(held.news(now + 90))
        assert not list(held.news(now + 900))


def test_no_more_are_kept_than_can_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(held_files, "_MAX", 1)
    held = HeldFiles(str(tmp_path), Puncher())
    with (tmp_path / "a").open("ab"), (tmp_path / "b").open("ab"):
        held.remove(str(tmp_path / "a"))
        held.remove(str(tmp_path / "b"))
        assert [path.name for path in tmp_path.iterdir()] == [".a"]
    assert "too many" in capsys.readouterr().err
