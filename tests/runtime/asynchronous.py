"""Tests that are coroutines, and waiting in them."""

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

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
    deadline = time.monotonic() + timeout_seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, (
            f"after {timeout_seconds:g} s still not so: {what}; last: {seen!r}"
        )
        await asyncio.sleep(_PAUSE_SECONDS)
    return seen
