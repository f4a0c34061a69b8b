"""An event: something that happened, with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engineroom.model.ids import BackgroundProcessId, EventId, OrganizationId
from engineroom.model.operation import SubjectId

KEEPER_MISUNDERSTOOD = "keeper.misunderstood"
"""The kind of an event that tells of a message of the keeper's that makes no sense; its `data` have the `reason`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`kind` is a past participle such as `process.started` or `process.exited`; `message` is a sentence for people.

    `data` holds the figures behind it. What is not about a background process may be about something else that an
    operation can be about, or an organization; what is about none of them concerns the whole host.
    """

    id: EventId
    background_process_id: BackgroundProcessId | None
    kind: str
    message: str
    data: Mapping[str, Any]
    at: datetime
    subject_id: SubjectId | OrganizationId | None = None
