"""The endpoints of avatars."""

from engineroom.api.applications.resource import TYPE as APPLICATION
from engineroom.api.avatars import handlers
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, One, Other
from engineroom.api.http.errors import InvalidError
from engineroom.model.token import Ability

_APPLICATION = "/api/applications/{application}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_APPLICATION}/avatar",
        One(APPLICATION),
        handlers.upload,
        "5",
        ability=Ability.WRITE,
        upload=True,
        errors=(InvalidError,),
    ),
    Endpoint("DELETE", f"{_APPLICATION}/avatar", Empty(), handlers.delete, "5", ability=Ability.WRITE),
    Endpoint("GET", "/avatars/{application}/{digest}", Other("image/*"), handlers.show, "ours", ability=None),
)
