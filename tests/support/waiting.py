"""Waiting for something to become true, instead of sleeping for as long as it might take."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.002
_MAX_PAUSE_SECONDS = 0.05
_MAX_SLOWDOWN = 10.0


def patient(seconds: float) -> float:
    """Return how long to wait for what takes at most `seconds` on a quiet machine: as much longer as this one is busy.

    Busy is how many programs want a processor, for each that there is: over the last minute, or now if that is more.
    """
    # proc(5), /proc/loadavg: the averages, and then those that can run now, before a slash.
    last_minute, _, _, now, _ = Path("/proc/loadavg").read_text().split()
    wanting = max(float(last_minute), float(now.partition("/")[0]))
    slowdown = wanting / (os.cpu_count() or 1)
    return seconds * min(max(1.0, slowdown), _MAX_SLOWDOWN)


def wait_until(what: str, look: Callable[[], T], *, timeout_seconds: float = 15.0) -> T:
    """Return what `look` returns as soon as that is true; `what` says it in words for the failure.

    Raises AssertionError, with what was seen last, when it has not become true in time, which is more on a busy machine.
    """
    began = time.monotonic()
    pause = _FIRST_PAUSE_SECONDS
    while not (seen := look()):
        waited = time.monotonic() - began
        if waited > timeout_seconds and waited > patient(timeout_seconds):
            raise AssertionError(f"after {waited:.0f} s still not so: {what}; last seen: {seen!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, _MAX_PAUSE_SECONDS)
    return seen
