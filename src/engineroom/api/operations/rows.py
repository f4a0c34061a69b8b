"""The endpoints of operations."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Many, One
from engineroom.api.operations import handlers
from engineroom.api.operations.resource import TYPE as OPERATION
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/operations", Many(OPERATION), handlers.index, "ours", ability=Ability.READ),
    Endpoint(
        "GET",
        "/api/operations/{operation}",
        One(OPERATION),
        handlers.show,
        "ours",
        ability=Ability.READ,
        subject=subjects.OPERATION,
    ),
)
