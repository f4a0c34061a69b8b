"""The endpoints of metrics."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Other, Plain
from engineroom.api.http.errors import InvalidError
from engineroom.api.metrics import handlers
from engineroom.model.token import Ability
from engineroom.telemetry import prometheus

_PROCESS = "/api/background-processes/{backgroundProcess}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_PROCESS}/metrics",
        Plain(handlers.ProcessMetrics),
        handlers.of_background_process,
        "ours",
        ability=Ability.READ,
        parameters=handlers.PARAMETERS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/metrics",
        Plain(handlers.EnvironmentMetrics),
        handlers.of_environment,
        "4.8",
        ability=Ability.READ,
        parameters=handlers.PARAMETERS,
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
