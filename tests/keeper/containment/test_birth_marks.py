"""The marks of everything that is born: found again whatever a program does to its environment, and never a stranger's."""

import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from engineroom.keeper.containment.birth_marks import BirthMarks, Born
from tests.support.waiting import wait_until

Child = subprocess.Popen[bytes]

OVERWRITES = """
import ctypes, os, sys
start = int(open("/proc/self/stat").read().rpartition(")")[2].split()[47])
end = int(open("/proc/self/stat").read().rpartition(")")[2].split()[48])
ctypes.memset(start, 0, end - start)
print("overwritten", flush=True)
sys.stdin.read()
"""
"""Does to its environment what setproctitle does: the memory that /proc/PID/environ shows (proc(5), env_start)."""


@pytest.fixture
def births() -> BirthMarks:
    return BirthMarks("keeper-of-this-test")


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in started:
        child.kill()
        child.communicate()


def start(births: BirthMarks, *argv: str, id: str = "a", life: int = 1, marked: bool = True) -> Child:
    variables: Mapping[str, str] = births.variables(id, life) if marked else {}
    with births.marking(id, life):
        return subprocess.Popen(argv, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def found(births: BirthMarks, child: Child, *ids: str) -> Born | None:
    return next(births.find(ids, [child.pid]), None)


def is_executed(births: BirthMarks, child: Child) -> bool:
    """Return whether the child has its own environment: for a moment after exec the kernel shows an empty one."""
    born = next(births.find([]), None)
    return born is not None and born.pid == child.pid and born.id is not None


def test_a_child_is_found_by_its_variables_and_others_are_not(
    births: BirthMarks, children: list[Child]
) -> None:
    children.append(child := start(births, "sleep", "600", life=7))
    wait_until("it is executed", lambda: is_executed(births, child))
    (born,) = births.find([])
    assert (born.pid, born.id, born.life) == (child.pid, "a", 7)
    assert list(BirthMarks("another").find([])) == []
    assert [each.pid for each in BirthMarks("another").find(["a"], [child.pid])] == []


def test_one_that_overwrites_its_environment_is_found_by_its_limit(
    births: BirthMarks, children: list[Child]
) -> None:
    children.append(child := start(births, sys.executable, "-c", OVERWRITES, life=300))
    assert child.stdout is not None
    assert child.stdout.readline() == b"overwritten\n"
    born = found(births, child, "b", "a")
    assert born is not None
    assert born.id == "a"
    assert born.is_of(300)
    assert not born.is_of(299)
    assert born.is_after(299)
    assert not born.is_after(301)
    unknown = found(births, child, "b")
    assert unknown is not None
    assert unknown.id is None, "it is ours, but nobody knows whose"


def test_what_a_clean_environment_and_a_session_of_its_own_do_not_hide(
    births: BirthMarks, children: list[Child]
) -> None:
    script = "exec env -i setsid --fork sh -c 'echo $$; read line' <&0"
    children.append(child := start(births, "sh", "-c", script))
    assert child.stdout is not None
    stray = int(child.stdout.readline())
    (born,) = births.find(["a"], [stray])
    assert born.id == "a"
    assert born.session == stray


def test_variables_alone_are_enough_and_what_is_known_needs_no_keepers_name(
    births: BirthMarks, children: list[Child]
) -> None:
    words = ["sleep", "600"]
    for variables in (births.variables("a", 2), {"ENGINEROOM_PROCESS": "a", "ENGINEROOM_LIFE": "2"}):
        child = subprocess.Popen(words, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        children.append(child)
        born = wait_until("it is found", lambda child=child: found(births, child, "a"))  # type: ignore[misc]
        assert born is not None
        assert (born.id, born.life) == ("a", 2)
    assert found(births, children[1], "b") is None, "an unknown id of a version that gave no keeper's name"


def test_a_zombie_is_nobody(births: BirthMarks, children: list[Child]) -> None:
    children.append(child := start(births, "true"))
    wait_until("only a zombie is left", lambda: found(births, child, "a") is None)
