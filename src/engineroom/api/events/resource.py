"""Events in answers; they are ours."""

from collections.abc import Mapping
from typing import Any

from engineroom.api.calls.call import Call
from engineroom.api.document.jsonapi import Attributes, Moment, Resource, moment
from engineroom.api.document.shapes import ResourceType
from engineroom.model.event import Event


class EventAttributes(Attributes):
    """What is shown of an event. `subject_id` is what it is about; null for what concerns the whole host."""

    kind: str
    message: str
    data: Mapping[str, Any]
    at: Moment
    subject_id: str | None


TYPE = ResourceType("events", EventAttributes)


def show(_call: Call, event: Event) -> Resource:
    """Return the resource of an event."""
    subject = event.background_process_id or event.subject_id
    attributes = EventAttributes(event.kind, event.message, event.data, moment(event.at), subject)
    return Resource(event.id, TYPE.name, attributes)
