"""What tenants say is told in one line that harms nobody who stores, sends or shows it."""

import json

import pytest

from engineroom.queues.base import UnmeasurableError
from engineroom.queues.meter import words
from engineroom.sandbox import SandboxError
from engineroom.sandbox.wording import LONGEST, in_a_line

HOSTILE = (
    "\x1b[2J",
    "a\0b",
    "\ud800",
    "\u202eevil",
    "\x9b31m",
    "one\r\nroot: two",
    "x" * 3_000_000,
    "a\u2028b",
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Access denied for user 'é'", "Access denied for user 'é'"),
        ("two\r\n  lines\t", "two lines"),
        ("a\0b\x1b[2J", "a\ufffdb\ufffd[2J"),
        ("\ud800 half", "\ufffd half"),
        ("\u202elive", "\ufffdlive"),
        ("", ""),
    ],
)
def test_what_is_said_is_the_beginning_of_it_in_one_printable_line(said: str, told: str) -> None:
    assert in_a_line(said) == told


@pytest.mark.parametrize("said", HOSTILE, ids=lambda said: ascii(said)[:20])
def test_an_error_says_it_so(said: str) -> None:
    for error in (SandboxError(said), UnmeasurableError(said)):
        told = str(error)
        assert told.isprintable()
        assert len(told) <= LONGEST + 1
        assert json.loads(json.dumps(told, ensure_ascii=False).encode()) == told
    assert words(RuntimeError(said), 1.0) == in_a_line(said)
    assert words(OSError(said), 1.0) == in_a_line(said)
