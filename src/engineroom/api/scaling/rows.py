"""The endpoints of scaling."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import One
from engineroom.api.scaling import handlers
from engineroom.api.scaling.requests import ReplayScaling, UpdateScaling
from engineroom.api.scaling.resource import REPLAY
from engineroom.api.scaling.resource import TYPE as SCALING
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}/scaling",
        One(SCALING),
        handlers.show,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
    ),
    Endpoint(
        "PATCH",
        "/api/background-processes/{backgroundProcess}/scaling",
        One(SCALING),
        handlers.update,
        "ours",
        ability=Ability.WRITE,
        subject=subjects.BACKGROUND_PROCESS,
        request=UpdateScaling,
    ),
    Endpoint(
        "POST",
        "/api/background-processes/{backgroundProcess}/scaling/replay",
        One(REPLAY),
        handlers.try_out,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
        request=ReplayScaling,
    ),
)
