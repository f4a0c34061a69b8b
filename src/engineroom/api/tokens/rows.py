"""The endpoints of tokens."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, Many, One
from engineroom.api.tokens import handlers
from engineroom.api.tokens.requests import CreateToken
from engineroom.api.tokens.resource import NEW_TYPE as NEW_TOKEN
from engineroom.api.tokens.resource import TYPE as TOKEN
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/tokens", Many(TOKEN), handlers.index, "ours", ability=Ability.ADMIN),
    Endpoint(
        "POST",
        "/api/tokens",
        One(NEW_TOKEN, 201),
        handlers.create,
        "ours",
        ability=Ability.ADMIN,
        request=CreateToken,
    ),
    Endpoint(
        "GET",
        "/api/tokens/{token}",
        One(TOKEN),
        handlers.show,
        "ours",
        ability=Ability.ADMIN,
        subject=subjects.TOKEN,
    ),
    Endpoint(
        "DELETE",
        "/api/tokens/{token}",
        Empty(),
        handlers.revoke,
        "ours",
        ability=Ability.ADMIN,
        subject=subjects.TOKEN,
    ),
)
