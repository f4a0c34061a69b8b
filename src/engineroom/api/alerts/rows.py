"""The endpoints of alerts."""

from engineroom.api.alerts import handlers
from engineroom.api.alerts.resource import Alerts, AlertTest
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Plain
from engineroom.api.http.errors import ConflictError
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/alerts", Plain(Alerts), handlers.index, "ours", ability=Ability.READ),
    Endpoint(
        "POST",
        "/api/alerts/test",
        Plain(AlertTest),
        handlers.test,
        "ours",
        ability=Ability.ADMIN,
        errors=(ConflictError,),
    ),
)
