"""The endpoints of events."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Many
from engineroom.api.events import handlers
from engineroom.api.events.resource import TYPE as EVENT
from engineroom.api.http.streams import EVENT_STREAM
from engineroom.model.token import Ability

_PROCESS = "/api/background-processes/{backgroundProcess}"
_EVENTS = Many(EVENT, also=(EVENT_STREAM,))

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_PROCESS}/events",
        _EVENTS,
        handlers.of_background_process,
        "ours",
        ability=Ability.READ,
        parameters=handlers.PARAMETERS,
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/events",
        _EVENTS,
        handlers.of_environment,
        "ours",
        ability=Ability.READ,
        parameters=handlers.PARAMETERS,
    ),
    Endpoint(
        "GET",
        "/api/events",
        _EVENTS,
        handlers.index,
        "ours",
        ability=Ability.READ,
        parameters=handlers.PARAMETERS,
    ),
)
