"""The endpoints of logs."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Plain
from engineroom.api.http.errors import InvalidError
from engineroom.api.http.rate_limits import Bucket
from engineroom.api.http.streams import EVENT_STREAM, TEXT
from engineroom.api.logs import handlers, requests
from engineroom.model.token import Ability

_PROCESS = "/api/background-processes/{backgroundProcess}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_PROCESS}/logs",
        Plain(handlers.ProcessLogs, also=(EVENT_STREAM, TEXT)),
        handlers.of_background_process,
        "ours",
        ability=Ability.READ,
        parameters=requests.OF_PROCESS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/logs",
        Plain(handlers.EnvironmentLogs),
        handlers.of_environment,
        "4.7",
        ability=Ability.READ,
        parameters=requests.OF_ENVIRONMENT,
        errors=(InvalidError,),
        bucket=Bucket.ENVIRONMENT_LOGS,
    ),
)
