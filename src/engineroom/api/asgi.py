"""The ASGI application, built from the table of endpoints."""

from collections import defaultdict

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from engineroom.api.calls.access import Access
from engineroom.api.calls.control_plane import ControlPlaneApi
from engineroom.api.calls.dispatch import Address, Dispatching
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.calls.token_uses import TokenUses
from engineroom.api.calls.token_validity import TokenValidity
from engineroom.api.endpoints import ENDPOINTS
from engineroom.api.http.rate_limits import RateLimits
from engineroom.api.http.router import Router


def application(control: ControlPlaneApi, *, calls_per_minute: int = 0) -> ASGIApp:
    """Return the application that answers for this control plane; with 0 calls a minute there is no limit to them."""
    shared = Dispatching(
        control=control,
        access=Access(control.store, TokenUses(control.store)),
        limits=RateLimits(calls_per_minute),
        validity=TokenValidity(control.store),
    )
    paths: defaultdict[str, dict[str, Endpoint]] = defaultdict(dict)
    for endpoint in ENDPOINTS:
        paths[endpoint.path][endpoint.method] = endpoint
    router = Router({path: Address(endpoints, shared) for path, endpoints in paths.items()})
    nowhere = Address({}, shared)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        found = router.find(scope["path"])
        address, scope["path_params"] = found or (nowhere, {})
        response = await address.respond(Request(scope, receive))
        await response(scope, receive, send)

    return answer
