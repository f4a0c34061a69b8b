"""The endpoints of folders."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import One
from engineroom.api.folders import handlers
from engineroom.api.folders.resource import TYPE as FOLDER
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/environments/{environment}/folder",
        One(FOLDER),
        handlers.show,
        "ours",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
    ),
)
