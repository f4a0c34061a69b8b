"""The endpoints of events."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint, Parameter
from engineroom.api.document.shapes import Many
from engineroom.api.events import handlers
from engineroom.api.events.resource import TYPE as EVENT
from engineroom.api.http.media_types import EVENT_STREAM
from engineroom.model.token import Ability

_FOLLOW = Parameter(
    "follow", {"type": "boolean"}, "Whether to answer with what comes, as server-sent events."
)
_EVENTS = Many(EVENT, also=(EVENT_STREAM,))

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}/events",
        _EVENTS,
        handlers.of_background_process,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
        parameters=(_FOLLOW,),
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/events",
        _EVENTS,
        handlers.of_environment,
        "ours",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
        parameters=(_FOLLOW,),
    ),
    Endpoint(
        "GET",
        "/api/events",
        _EVENTS,
        handlers.index,
        "ours",
        ability=Ability.READ,
        parameters=(_FOLLOW,),
    ),
)
