"""Waiting for something to become true, instead of sleeping for as long as it might take."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.05


def wait_until(what: str, look: Callable[[], T], *, timeout_seconds: float = 15.0) -> T:
    """Return what `look` returns as soon as that is true; `what` says it in words for the failure.

    Raises AssertionError, with what was seen last, when it has not become true in time.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = _FIRST_PAUSE_SECONDS
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout_seconds:g} s still not so: {what}; last seen: {seen!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
    return seen
