"""The ASGI application, built from the table of endpoints."""

from collections import defaultdict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engineroom.api.call import Endpoint
from engineroom.api.control import Control
from engineroom.api.endpoints import ENDPOINTS
from engineroom.api.errors import NotFoundError
from engineroom.api.routing import Path, error_response


def application(control: Control) -> Starlette:
    """Return the application that answers for this control plane."""
    return Starlette(
        routes=_routes(control),
        exception_handlers={HTTPException: _not_found},
    )


def _routes(control: Control) -> list[Route]:
    """Return a route for each path. The table's order is the order in which paths are tried."""
    paths: defaultdict[str, dict[str, Endpoint]] = defaultdict(dict)
    for endpoint in ENDPOINTS:
        paths[endpoint.path][endpoint.method] = endpoint
    return [Route(path, Path(endpoints, control)) for path, endpoints in paths.items()]


async def _not_found(_request: Request, _error: Exception) -> Response:
    return error_response(NotFoundError())
