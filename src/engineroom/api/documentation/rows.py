"""The endpoints that describe the API."""

from collections.abc import Callable, Sequence

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Other
from engineroom.api.documentation import handlers
from engineroom.api.http.media_types import HTML, JSON


def rows(table: Callable[[], Sequence[Endpoint]]) -> tuple[Endpoint, ...]:
    """Return the rows; `table` returns all rows that there are, these among them."""
    described = handlers.Documentation(table)
    return (
        Endpoint("GET", "/api/openapi.json", Other(JSON), described.openapi, "ours", ability=None),
        Endpoint("GET", "/api/docs", Other(HTML), described.page, "ours", ability=None),
    )
