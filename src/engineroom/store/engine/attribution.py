"""What is recorded with the writes of the present task, in the very transaction of its first one."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from sqlalchemy import Connection

Result = TypeVar("Result")


class _Attribution:
    """What is added to the writes of the present task: once, with the first that succeeds."""

    def __init__(self, add: Callable[[Connection], None]) -> None:
        self._add = add
        self._recorded = False

    def record(self, connection: Connection) -> None:
        """Add it in the transaction of the write, unless an earlier write of the task had it."""
        if not self._recorded:
            self._add(connection)

    def committed(self) -> None:
        """Remember that a write of the task is on disk, and what was added with it."""
        self._recorded = True


_present: ContextVar[_Attribution | None] = ContextVar("engineroom_attribution", default=None)


@contextmanager
def accompanied(add: Callable[[Connection], None]) -> Iterator[None]:
    """Have the first write of the present task that succeeds also do what `add` does, in its transaction."""
    token = _present.set(_Attribution(add))
    try:
        yield
    finally:
        _present.reset(token)


async def recorded(
    run: Callable[[Callable[[Connection], Result]], Awaitable[Result]],
    function: Callable[[Connection], Result],
) -> Result:
    """Have `run` do a write that also adds what accompanies the present task's writes."""
    attribution = _present.get()
    if attribution is None:
        return await run(function)

    def write(connection: Connection) -> Result:
        result = function(connection)
        attribution.record(connection)
        return result

    result = await run(write)
    attribution.committed()
    return result
