"""The endpoints of scaling."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import One
from engineroom.api.scaling import handlers
from engineroom.api.scaling.handlers import ReplayScaling, UpdateScaling
from engineroom.api.scaling.resource import REPLAY
from engineroom.api.scaling.resource import TYPE as SCALING
from engineroom.model.token import Ability

_PROCESS = "/api/background-processes/{backgroundProcess}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", f"{_PROCESS}/scaling", One(SCALING), handlers.show, "ours", ability=Ability.READ),
    Endpoint(
        "PATCH",
        f"{_PROCESS}/scaling",
        One(SCALING),
        handlers.update,
        "ours",
        ability=Ability.WRITE,
        request=UpdateScaling,
    ),
    Endpoint(
        "POST",
        f"{_PROCESS}/scaling/replay",
        One(REPLAY),
        handlers.try_out,
        "ours",
        ability=Ability.READ,
        request=ReplayScaling,
    ),
)
