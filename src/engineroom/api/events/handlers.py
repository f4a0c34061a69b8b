"""Events: what happened, with its reason, of a background process, of an environment, of everything; ours."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

from sqlalchemy import Connection

from engineroom.api.background_processes.handlers import require
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Parameter
from engineroom.api.calls.inclusion import list_answer
from engineroom.api.document.jsonapi import encode
from engineroom.api.events import resource as shown
from engineroom.api.http.errors import NotFoundError
from engineroom.api.http.streams import ALIVE, ALIVE_SECONDS, EVENT_STREAM, event, last_event_id
from engineroom.model.event import Event
from engineroom.model.ids import EnvironmentId
from engineroom.store.queries import environments, events
from engineroom.store.queries.events import Scope
from engineroom.store.queries.paging import Page

PARAMETERS = (
    Parameter("follow", {"type": "boolean"}, "Whether to answer with what comes, as server-sent events."),
)

_LOOK_SECONDS = 0.5


async def of_background_process(call: Call) -> Answer:
    """List the events of a background process, newest first, or follow them."""
    return await _answer(call, _of_background_process)


async def of_environment(call: Call) -> Answer:
    """List the events of an environment's background processes, newest first, or follow them."""
    return await _answer(call, _of_environment)


async def index(call: Call) -> Answer:
    """List all events, newest first, or follow them."""
    return await _answer(call, _of_organization)


def _of_background_process(connection: Connection, call: Call) -> Scope:
    return Scope("background_process", require(connection, call).id)


def _of_environment(connection: Connection, call: Call) -> Scope:
    found = environments.find(connection, call.organization_id, EnvironmentId(call.id("environment")))
    if found is None:
        raise NotFoundError
    return Scope("environment", found.id)


def _of_organization(_connection: Connection, call: Call) -> Scope:
    return Scope("organization", call.organization_id)


async def _answer(call: Call, scope_of: Callable[[Connection, Call], Scope]) -> Answer:
    if call.flag("follow"):
        scope, last = await call.read(
            lambda connection: (scope_of(connection, call), events.last_number(connection))
        )
        given = last_event_id(call)
        # A number that is not there yet was given before all events were removed for their age.
        behind = last if given is None else given if given <= last else 0
        return Answer(_followed(call, scope, behind), media_type=EVENT_STREAM)

    def read(connection: Connection) -> Page[Event]:
        return events.page(connection, scope_of(connection, call), call.page)

    return await list_answer(call, read, shown.show)


async def _followed(call: Call, scope: Scope, number: int) -> AsyncGenerator[bytes]:
    """Yield the events behind a number, and those that come until the server stops.

    They are looked for, and not waited for: commands write some on their own, beside the server.
    """
    yield ALIVE
    alive_at = time.monotonic()
    while not call.control.logs.ended:
        found = await call.control.store.read(
            lambda connection, number=number: events.behind(connection, scope, number)  # type: ignore[misc]
        )
        if found:
            number = found[-1][0]
            frames = (event("event", encode(shown.show(call, each)), str(its)) for its, each in found)
            yield b"".join(frames)
        elif time.monotonic() - alive_at >= ALIVE_SECONDS:
            alive_at = time.monotonic()
            yield ALIVE
        else:
            await asyncio.sleep(_LOOK_SECONDS)
            yield b""
