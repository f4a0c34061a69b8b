"""The endpoints of logs."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Plain
from engineroom.api.http.errors import InvalidError
from engineroom.api.http.media_types import EVENT_STREAM, TEXT
from engineroom.api.http.rate_limits import Bucket
from engineroom.api.logs import handlers, parameters
from engineroom.api.logs.resource import EnvironmentLogs, ProcessLogs
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}/logs",
        Plain(ProcessLogs, also=(EVENT_STREAM, TEXT)),
        handlers.of_background_process,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
        parameters=parameters.OF_PROCESS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/logs",
        Plain(EnvironmentLogs),
        handlers.of_environment,
        "4.7",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
        parameters=parameters.OF_ENVIRONMENT,
        errors=(InvalidError,),
        bucket=Bucket.ENVIRONMENT_LOGS,
    ),
)
