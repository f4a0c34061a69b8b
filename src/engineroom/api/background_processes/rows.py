"""The endpoints of background processes."""

from engineroom.api.background_processes import handlers
from engineroom.api.background_processes.process import TYPE as PROCESS
from engineroom.api.background_processes.requests import CreateBackgroundProcess, UpdateBackgroundProcess
from engineroom.api.background_processes.resource import TYPE as BACKGROUND_PROCESS
from engineroom.api.calls.endpoint import Endpoint, Parameter
from engineroom.api.document.shapes import Empty, Many, One
from engineroom.api.operations.resource import TYPE as OPERATION
from engineroom.model.token import Ability

_OF_INSTANCE = "/api/instances/{instance}/background-processes"
_PROCESS = "/api/background-processes/{backgroundProcess}"
_FORCE = Parameter("force", {"type": "boolean"}, "Kill what runs at once, instead of draining it.")

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _PROCESS,
        One(BACKGROUND_PROCESS),
        handlers.show,
        "2.1",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
    ),
    Endpoint(
        "PATCH",
        _PROCESS,
        One(BACKGROUND_PROCESS),
        handlers.update,
        "2.1",
        ability=Ability.WRITE,
        request=UpdateBackgroundProcess,
    ),
    Endpoint(
        "DELETE",
        _PROCESS,
        Empty(),
        handlers.delete,
        "2.1",
        ability=Ability.WRITE,
        parameters=(_FORCE,),
    ),
    Endpoint(
        "GET",
        _OF_INSTANCE,
        Many(BACKGROUND_PROCESS),
        handlers.index,
        "2.1",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
    ),
    Endpoint(
        "POST",
        _OF_INSTANCE,
        One(BACKGROUND_PROCESS, 201),
        handlers.create,
        "2.1",
        ability=Ability.WRITE,
        request=CreateBackgroundProcess,
    ),
    Endpoint(
        "POST",
        f"{_PROCESS}/restart",
        One(OPERATION, 202),
        handlers.restart,
        "ours",
        ability=Ability.WRITE,
    ),
    Endpoint("GET", f"{_PROCESS}/processes", Many(PROCESS), handlers.processes, "ours", ability=Ability.READ),
    Endpoint(
        "GET",
        f"{_PROCESS}/operations",
        Many(OPERATION),
        handlers.its_operations,
        "ours",
        ability=Ability.READ,
    ),
)
