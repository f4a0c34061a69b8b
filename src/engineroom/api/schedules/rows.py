"""The endpoints of schedules."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Many, One
from engineroom.api.schedules import handlers
from engineroom.api.schedules.handlers import PutSchedule
from engineroom.api.schedules.resource import RUN as SCHEDULED_RUN
from engineroom.api.schedules.resource import TYPE as SCHEDULE
from engineroom.model.token import Ability

_ENVIRONMENT = "/api/environments/{environment}"
_INSTANCE = "/api/instances/{instance}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", f"{_INSTANCE}/scheduled-runs", Many(SCHEDULED_RUN), handlers.runs, "ours", ability=Ability.READ
    ),
    Endpoint("GET", f"{_ENVIRONMENT}/schedule", One(SCHEDULE), handlers.show, "ours", ability=Ability.READ),
    Endpoint(
        "PUT",
        f"{_ENVIRONMENT}/schedule",
        One(SCHEDULE),
        handlers.put,
        "ours",
        ability=Ability.WRITE,
        request=PutSchedule,
    ),
)
