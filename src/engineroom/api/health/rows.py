"""The endpoints of health."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Plain
from engineroom.api.health import handlers
from engineroom.api.health.resource import Health

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/healthz", Plain(Health), handlers.alive, "ours", ability=None, bucket=None),
    Endpoint(
        "GET",
        "/readyz",
        Plain(Health),
        handlers.ready,
        "ours",
        ability=None,
        bucket=None,
    ),
)
