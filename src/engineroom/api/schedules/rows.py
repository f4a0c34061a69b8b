"""The endpoints of schedules."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Many, One
from engineroom.api.schedules import handlers
from engineroom.api.schedules.requests import PutSchedule
from engineroom.api.schedules.resource import RUN as SCHEDULED_RUN
from engineroom.api.schedules.resource import TYPE as SCHEDULE
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/instances/{instance}/scheduled-runs",
        Many(SCHEDULED_RUN),
        handlers.runs,
        "ours",
        ability=Ability.READ,
        subject=subjects.INSTANCE,
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/schedule",
        One(SCHEDULE),
        handlers.show,
        "ours",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
    ),
    Endpoint(
        "PUT",
        "/api/environments/{environment}/schedule",
        One(SCHEDULE),
        handlers.put,
        "ours",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=PutSchedule,
    ),
)
