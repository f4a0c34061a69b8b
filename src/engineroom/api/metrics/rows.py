"""The endpoints of metrics."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint, Parameter
from engineroom.api.document.shapes import Other, Plain
from engineroom.api.http.errors import InvalidError
from engineroom.api.metrics import handlers
from engineroom.api.metrics.requests import Period
from engineroom.api.metrics.resource import EnvironmentMetrics, ProcessMetrics
from engineroom.model.token import Ability
from engineroom.telemetry import prometheus

_PARAMETERS = (Parameter("period", {"enum": list(Period)}, "How far to reach back; 24h unless given."),)

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/background-processes/{backgroundProcess}/metrics",
        Plain(ProcessMetrics),
        handlers.of_background_process,
        "ours",
        ability=Ability.READ,
        subject=subjects.BACKGROUND_PROCESS,
        parameters=_PARAMETERS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/metrics",
        Plain(EnvironmentMetrics),
        handlers.of_environment,
        "4.8",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
        parameters=_PARAMETERS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET",
        "/metrics",
        Other(prometheus.MEDIA_TYPE),
        handlers.scrape,
        "ours",
        ability=Ability.READ,
        bucket=None,
    ),
)
