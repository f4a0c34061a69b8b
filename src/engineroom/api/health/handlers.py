"""Answer whether the server is up, and whether it can do its work; for whoever watches it."""

import asyncio

from engineroom.api.calls.answers import plain
from engineroom.api.calls.call import Call
from engineroom.api.health.resource import Health
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import NotReadyError
from engineroom.store.errors import StoreError

_MAX_SECONDS = 1.5


async def alive(_call: Call) -> Answer:
    """Say that the server answers."""
    return plain(Health("ok"))


async def ready(call: Call) -> Answer:
    """Say whether the store can be used, and the keeper answers; whoever watches is not kept waiting for them."""
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            await call.control.store.probe()
    except TimeoutError:
        raise NotReadyError(f"The database has not answered for {_MAX_SECONDS:g} s.") from None
    except StoreError as error:
        raise NotReadyError(str(error)) from None
    if (absence := call.control.absence) is not None:
        raise NotReadyError(f"Nobody knows what runs: {absence}.")
    return plain(Health("ok"))
