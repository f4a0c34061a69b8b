"""Answer for events: what happened, with its reason, of a background process, of an environment, of everything."""

import asyncio
import time
from collections.abc import AsyncGenerator

from engineroom.api.calls.answers import list_answer
from engineroom.api.calls.call import Call
from engineroom.api.document.jsonapi import encode
from engineroom.api.events import resource
from engineroom.api.http.answer import Answer
from engineroom.api.http.media_types import EVENT_STREAM
from engineroom.api.http.streams import ALIVE, ALIVE_SECONDS, event, last_event_id
from engineroom.model.applications.environment import Environment
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.store.queries import events
from engineroom.store.queries.events import Scope

_LOOK_SECONDS = 0.5


async def of_background_process(call: Call, background_process: BackgroundProcess) -> Answer:
    """List the events of a background process, newest first, or follow them."""
    return await _answer(call, Scope("background_process", background_process.id))


async def of_environment(call: Call, environment: Environment) -> Answer:
    """List the events of an environment's background processes, newest first, or follow them."""
    return await _answer(call, Scope("environment", environment.id))


async def index(call: Call) -> Answer:
    """List all events, newest first, or follow them."""
    return await _answer(call, Scope("organization", call.organization_id))


async def _answer(call: Call, scope: Scope) -> Answer:
    if call.query.flag("follow"):
        last = await call.read(events.last_number)
        given = last_event_id(call.header("last-event-id"))
        # A number that is not there yet was given before all events were removed for their age.
        behind = last if given is None else given if given <= last else 0
        return Answer(_followed(call, scope, behind), media_type=EVENT_STREAM)
    number = call.query.page
    return await list_answer(call, lambda connection: events.page(connection, scope, number), resource.show)


async def _followed(call: Call, scope: Scope, number: int) -> AsyncGenerator[bytes]:
    """Yield the events behind a number, and those that come until the server stops.

    They are looked for, and not waited for: commands write some on their own, beside the server.
    """
    yield ALIVE
    alive_at = time.monotonic()
    while not call.control.logs.ended:
        found = await call.read(
            lambda connection, number=number: events.behind(connection, scope, number)  # type: ignore[misc]
        )
        if found:
            number = found[-1][0]
            frames = (
                event("event", encode(resource.show(call.viewer, each)), str(its)) for its, each in found
            )
            yield b"".join(frames)
        elif time.monotonic() - alive_at >= ALIVE_SECONDS:
            alive_at = time.monotonic()
            yield ALIVE
        else:
            await asyncio.sleep(_LOOK_SECONDS)
            yield b""
