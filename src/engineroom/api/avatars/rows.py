"""The endpoints of avatars."""

from engineroom.api import subjects
from engineroom.api.applications.resource import TYPE as APPLICATION
from engineroom.api.avatars import handlers
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, One, Other
from engineroom.api.http.errors import InvalidError
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/applications/{application}/avatar",
        One(APPLICATION),
        handlers.upload,
        "5",
        ability=Ability.WRITE,
        subject=subjects.APPLICATION,
        upload=True,
        errors=(InvalidError,),
    ),
    Endpoint(
        "DELETE",
        "/api/applications/{application}/avatar",
        Empty(),
        handlers.delete,
        "5",
        ability=Ability.WRITE,
        subject=subjects.APPLICATION,
    ),
    Endpoint("GET", "/avatars/{application}/{digest}", Other("image/*"), handlers.show, "ours", ability=None),
)
