"""The endpoints of background processes."""

from engineroom.api import subjects
from engineroom.api.background_processes import handlers
from engineroom.api.background_processes.process import TYPE as PROCESS
from engineroom.api.background_processes.relations import RELATIONS
from engineroom.api.background_processes.requests import CreateBackgroundProcess, UpdateBackgroundProcess
from engineroom.api.background_processes.resource import TYPE as BACKGROUND_PROCESS
from engineroom.api.calls.endpoint import Endpoint, Parameter
from engineroom.api.document.shapes import Empty, Many, One
from engineroom.api.operations.resource import TYPE as OPERATION
from engineroom.model.token import Ability

_FORCE = Parameter("force", {"type": "boolean"}, "Kill what runs at once, instead of draining it.")

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}",
        One(BACKGROUND_PROCESS),
        handlers.show,
        "2.1",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
        relations=RELATIONS,
    ),
    Endpoint(
        "PATCH",
        "/api/background-processes/{backgroundProcess}",
        One(BACKGROUND_PROCESS),
        handlers.update,
        "2.1",
        ability=Ability.WRITE,
        subject=subjects.BACKGROUND_PROCESS,
        request=UpdateBackgroundProcess,
    ),
    Endpoint(
        "DELETE",
        "/api/background-processes/{backgroundProcess}",
        Empty(),
        handlers.delete,
        "2.1",
        ability=Ability.WRITE,
        subject=subjects.UNTIL_DRAINED,
        parameters=(_FORCE,),
    ),
    Endpoint(
        "GET",
        "/api/instances/{instance}/background-processes",
        Many(BACKGROUND_PROCESS),
        handlers.index,
        "2.1",
        ability=Ability.READ,
        subject=subjects.INSTANCE,
        relations=RELATIONS,
    ),
    Endpoint(
        "POST",
        "/api/instances/{instance}/background-processes",
        One(BACKGROUND_PROCESS, 201),
        handlers.create,
        "2.1",
        ability=Ability.WRITE,
        subject=subjects.INSTANCE,
        request=CreateBackgroundProcess,
    ),
    Endpoint(
        "POST",
        "/api/background-processes/{backgroundProcess}/restart",
        One(OPERATION, 202),
        handlers.restart,
        "ours",
        ability=Ability.WRITE,
        subject=subjects.BACKGROUND_PROCESS,
    ),
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}/processes",
        Many(PROCESS),
        handlers.processes,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
    ),
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}/operations",
        Many(OPERATION),
        handlers.its_operations,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
    ),
)
