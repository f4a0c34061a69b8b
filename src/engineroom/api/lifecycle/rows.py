"""The endpoints of lifecycle."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import One
from engineroom.api.lifecycle import handlers
from engineroom.api.lifecycle.requests import UpdateLifecycle
from engineroom.api.lifecycle.resource import TYPE as LIFECYCLE
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}/lifecycle",
        One(LIFECYCLE),
        handlers.show,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
    ),
    Endpoint(
        "PATCH",
        "/api/background-processes/{backgroundProcess}/lifecycle",
        One(LIFECYCLE),
        handlers.update,
        "ours",
        ability=Ability.WRITE,
        subject=subjects.BACKGROUND_PROCESS,
        request=UpdateLifecycle,
    ),
)
