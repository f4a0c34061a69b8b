"""The endpoints of folders."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import One
from engineroom.api.folders import handlers
from engineroom.api.folders.resource import TYPE as FOLDER
from engineroom.model.token import Ability

_ENVIRONMENT = "/api/environments/{environment}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", f"{_ENVIRONMENT}/folder", One(FOLDER), handlers.show, "ours", ability=Ability.READ),
)
