"""Events in answers; they are ours."""

from collections.abc import Mapping
from typing import Any

from engineroom.api.call import Call
from engineroom.api.documents import Attributes, Moment, Resource, moment
from engineroom.api.shapes import ResourceType
from engineroom.model.event import Event


class EventAttributes(Attributes):
    """What is shown of an event."""

    kind: str
    message: str
    data: Mapping[str, Any]
    at: Moment


TYPE = ResourceType("events", EventAttributes)


def show(_call: Call, event: Event) -> Resource:
    """Return the resource of an event."""
    return Resource(
        event.id, TYPE.name, EventAttributes(event.kind, event.message, event.data, moment(event.at))
    )
