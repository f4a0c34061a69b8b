"""What every request passes first: it becomes one of the client behind a trusted proxy, and its host must be one of ours."""

from __future__ import annotations

import json
from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engineroom.http.hosts import Hosts
from engineroom.http.proxies import Proxies

_MISDIRECTED = 421


class Gate:
    """An ASGI application around another.

    Without names that were asked for, what a trusted proxy lets through is its own to decide.
    """

    def __init__(
        self, inner: ASGIApp, proxies: Proxies, own_names: Sequence[str], allowed_hosts: Sequence[str] = ()
    ) -> None:
        self._inner = inner
        self._proxies = proxies
        self._hosts = Hosts([*own_names, *allowed_hosts])
        self._proxies_choose = not allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        client = scope.get("client")
        proxied = client is not None and self._proxies.trusts(client[0])
        if proxied:
            self._unwrap(scope)
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1 or (not hosts and scope["http_version"] != "1.0"):
            await _refusal(400, "Cannot read the request: it must have one Host header.")(
                scope, receive, send
            )
        elif hosts and not (proxied and self._proxies_choose) and not self._hosts.allow(hosts[0]):
            await _refusal(_MISDIRECTED, _unknown(hosts[0]))(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    def _unwrap(self, scope: Scope) -> None:
        """Have the request be what it was at the proxy."""
        forwarded = self._proxies.forwarded(scope["headers"])
        if forwarded.client is not None:
            scope["client"] = (forwarded.client, 0)
        if forwarded.scheme is not None:
            scope["scheme"] = forwarded.scheme
        if forwarded.prefix is not None:
            scope["root_path"] = forwarded.prefix
        if forwarded.host is not None:
            others = [header for header in scope["headers"] if header[0] != b"host"]
            scope["headers"] = [(b"host", forwarded.host.encode()), *others]


def _unknown(host: str) -> str:
    return (
        f"This server is not known as {host[:100]!r}. Use the name or the address that it listens on, or have its "
        "administrator name this one in the setting allowed_hosts."
    )


def _refusal(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, media_type="application/json")
