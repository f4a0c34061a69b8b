"""The endpoints of lifecycle."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import One
from engineroom.api.lifecycle import handlers
from engineroom.api.lifecycle.handlers import UpdateLifecycle
from engineroom.api.lifecycle.resource import TYPE as LIFECYCLE
from engineroom.model.token import Ability

_PROCESS = "/api/background-processes/{backgroundProcess}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", f"{_PROCESS}/lifecycle", One(LIFECYCLE), handlers.show, "ours", ability=Ability.READ),
    Endpoint(
        "PATCH",
        f"{_PROCESS}/lifecycle",
        One(LIFECYCLE),
        handlers.update,
        "ours",
        ability=Ability.WRITE,
        request=UpdateLifecycle,
    ),
)
