"""Holes are made in each file one at a time, and are made even when who makes them is killed."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engineroom.keeper.output import holes
from engineroom.keeper.output.holes import BLOCK_BYTES, Puncher
from engineroom.keeper.shell_worker import ShellWorker
from tests.support import proc
from tests.support.waiting import wait_until

_BLOCKS = 300


@pytest.fixture
def puncher() -> Iterator[Puncher]:
    puncher = Puncher()
    yield puncher
    puncher.close()


@pytest.fixture
def shell(puncher: Puncher, a_file: Callable[[str], Path]) -> int:
    """The shell of the puncher, which has begun."""
    others = _shells()
    puncher.punch(str(a_file("first")), 0, BLOCK_BYTES)
    puncher.wait()
    [begun] = _shells() - others
    return begun


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the shell was asked for."""
    lines: list[str] = []

    def send(self: ShellWorker, line: str) -> None:
        lines.append(line)
        really(self, line)

    really = ShellWorker.send
    monkeypatch.setattr(ShellWorker, "send", send)
    return lines


@pytest.fixture
def a_file(tmp_path: Path) -> Callable[[str], Path]:
    def written(name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(b"x" * _BLOCKS * BLOCK_BYTES)
        return path

    return written


@pytest.fixture
def held(puncher: Puncher, shell: int, a_file: Callable[[str], Path]) -> Path:
    """A file whose first hole is under way for as long as the shell is stopped, while all others wait."""
    path = a_file("held up")
    os.kill(shell, signal.SIGSTOP)
    punch_each_block(puncher, path)
    return path


def _shells() -> set[int]:
    mine = [pid for pid in proc.everyone() if proc.parent(pid) == os.getpid()]
    return {pid for pid in mine if any("fallocate" in word for word in proc.argv(pid))}


def _descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def punch_each_block(puncher: Puncher, path: Path) -> None:
    for block in range(_BLOCKS):
        puncher.punch(str(path), block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)


def used_blocks(path: Path) -> int:
    return path.stat().st_blocks * 512 // BLOCK_BYTES


def test_what_is_said_while_a_hole_is_made_is_one_hole_more(
    puncher: Puncher, shell: int, sent: list[str], held: Path
) -> None:
    os.kill(shell, signal.SIGCONT)
    puncher.wait()
    assert used_blocks(held) == 0
    assert held.stat().st_size == _BLOCKS * BLOCK_BYTES
    assert len(sent) == 2
    assert not puncher.failed


def test_a_hole_that_takes_long_holds_up_no_other_file(
    puncher: Puncher, shell: int, held: Path, a_file: Callable[[str], Path]
) -> None:
    other = a_file("other")
    punch_each_block(puncher, other)

    def is_freed() -> bool:
        puncher.go_on()
        return used_blocks(other) == 0

    wait_until("the other file is freed", is_freed)
    assert used_blocks(held) == _BLOCKS
    os.kill(shell, signal.SIGCONT)
    puncher.wait()
    assert used_blocks(held) == 0


def test_many_files_get_their_holes_a_few_at_a_time(
    puncher: Puncher, sent: list[str], a_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [a_file(str(number)) for number in range(20)]
    with monkeypatch.context() as nothing_is_done_yet:
        nothing_is_done_yet.setattr(ShellWorker, "receive", lambda self, *, wait: [])  # noqa: ARG005
        for path in files:
            puncher.punch(str(path), 0, _BLOCKS * BLOCK_BYTES)
        assert len(sent) == 8
    puncher.wait()
    assert len(sent) == 20
    assert not any(map(used_blocks, files))


def test_a_shell_that_is_killed_leaves_nothing_undone(
    puncher: Puncher, shell: int, held: Path, a_file: Callable[[str], Path]
) -> None:
    other = a_file("other")
    proc.kill(shell)
    punch_each_block(puncher, other)
    puncher.wait()
    assert used_blocks(held) == used_blocks(other) == 0


def test_a_shell_that_was_killed_while_it_was_idle_is_replaced(
    puncher: Puncher, shell: int, a_file: Callable[[str], Path]
) -> None:
    path = a_file("one")
    proc.kill(shell)
    punch_each_block(puncher, path)
    puncher.wait()
    assert used_blocks(path) == 0


def test_where_no_shell_can_be_begun_no_descriptor_is_left_behind(
    puncher: Puncher, a_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*words: object, **how: object) -> int:  # noqa: ARG001
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    path = a_file("one")
    before = _descriptors()
    with monkeypatch.context() as out_of_processes:
        out_of_processes.setattr(os, "posix_spawn", cannot)
        punch_each_block(puncher, path)
        puncher.wait()
    assert _descriptors() == before
    puncher.wait()
    assert used_blocks(path) == 0


def test_shells_that_end_at_once_are_not_waited_for_for_ever(
    puncher: Puncher, a_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_file("one")
    with monkeypatch.context() as broken:
        broken.setattr(holes, "_SCRIPT", "exit 127")
        punch_each_block(puncher, path)
        puncher.wait()
    puncher.wait()
    assert used_blocks(path) == 0


def test_a_file_that_begins_anew_gets_none_of_its_old_holes(
    puncher: Puncher, shell: int, held: Path, a_file: Callable[[str], Path]
) -> None:
    other = a_file("other")
    punch_each_block(puncher, other)
    os.kill(shell, signal.SIGCONT)
    puncher.end(str(held))
    held.write_bytes(b"y" * _BLOCKS * BLOCK_BYTES)
    puncher.wait()
    assert used_blocks(held) == _BLOCKS
    assert used_blocks(other) == 0


def test_a_file_that_is_gone_has_not_failed(puncher: Puncher, tmp_path: Path) -> None:
    puncher.punch(str(tmp_path / "gone"), 0, BLOCK_BYTES)
    puncher.wait()
    assert not puncher.failed


def test_what_cannot_have_holes_is_told(puncher: Puncher, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    puncher.punch(str(folder), 0, BLOCK_BYTES)
    puncher.wait()
    assert puncher.failed == {str(folder)}
