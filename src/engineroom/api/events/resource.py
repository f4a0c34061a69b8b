"""Events in answers; they are ours."""

from collections.abc import Mapping
from typing import Any

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Moment, moment
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.event import Event


class EventAttributes(Attributes):
    """What is shown of an event. `subject_id` is what it is about; null for what concerns the whole host."""

    kind: str
    message: str
    data: Mapping[str, Any]
    at: Moment
    subject_id: str | None


TYPE = ResourceType("events", EventAttributes)


def show(_viewer: Viewer, event: Event) -> Resource:
    """Return the resource of an event."""
    subject = event.background_process_id or event.subject_id
    attributes = EventAttributes(event.kind, event.message, event.data, moment(event.at), subject)
    return Resource(event.id, TYPE.name, attributes)
