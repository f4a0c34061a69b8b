"""A program that prints numbered lines and notes how many elsewhere, and what must then be in the log."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

COUNTING = """
import os, time

def write(file, data):
    while data:
        try:
            data = data[os.write(file, data):]
        except OSError:
            time.sleep(0.01)  # the disk is full

child = None
life = f"{os.getpid()}-{time.monotonic_ns()}"
name = os.environ["TRUTH"] + "/" + os.environ["ENGINEROOM_BACKGROUND_PROCESS"] + "." + life
truth = os.open(name, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
number = 0
while True:
    write(1, f"@{life} {number:08}\\n".encode())
    write(truth, b".")
    number += 1
    if child is None or os.waitpid(child, os.WNOHANG)[0]:
        child = os.posix_spawn("/bin/sleep", ["sleep", "86400"], os.environ)
    time.sleep(0.08)
"""
"""What it is called with only tells versions apart. It always has a child, which outlives it when it is killed."""

CHILD = "sleep 86400"

_WHOLE = re.compile(r"@([0-9]+-[0-9]+) ([0-9]{8})")
_HEAD = 80
_LOST = "bytes of output were lost here"


class Life(NamedTuple):
    """A process that printed, by its background process and the name it has given itself."""

    background_process: str
    name: str


def printed(truth: Path) -> dict[Life, int]:
    """Return how many lines each life has surely printed."""
    found = {}
    for path in truth.iterdir():
        background_process, _, life = path.name.partition(".")
        found[Life(background_process, life)] = path.stat().st_size
    return found


def logged(background_process: str, entries: Iterable[str], *, told: bool, torn: bool) -> Counter[Life]:
    """Return up to which line each life is in the log.

    `told`: people were told that some of it was lost. `torn`: a line may be cut off, as the disk was full.

    Raises AssertionError for a line that is not the next one of its life, unless it was told that those before it were lost.
    """
    found: Counter[Life] = Counter()
    for entry in entries:
        if " system " in entry[:_HEAD]:
            told = told or _LOST in entry
            continue
        whole = _WHOLE.fullmatch(" ".join(entry.split(" ")[3:]))
        if whole is None:
            assert told or torn, f"{entry!r} is no line of ours"
            continue
        life, number = Life(background_process, whole[1]), int(whole[2])
        is_next = number == found[life] or (told and number > found[life])
        assert is_next, f"{entry!r} is not line {found[life]} of its life"
        found[life] = number + 1
    return found
