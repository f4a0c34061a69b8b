"""Tests that are coroutines, and waiting in them."""

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from tests.support.waiting import patient

P = ParamSpec("P")
T = TypeVar("T")

_PAUSE_SECONDS = 0.004


def asynchronous(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Return the test as a plain function that runs it in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


async def eventually(what: str, look: Callable[[], T], *, timeout_seconds: float = 15.0) -> T:
    """Return what `look` returns as soon as that is true; `what` says it in words for the failure."""
    began = time.monotonic()
    while not (seen := look()):
        waited = time.monotonic() - began
        assert waited < timeout_seconds or waited < patient(timeout_seconds), (
            f"after {waited:.0f} s still not so: {what}; last: {seen!r}"
        )
        await asyncio.sleep(_PAUSE_SECONDS)
    return seen
