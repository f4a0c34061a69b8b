"""The names of hosts that are answered for.

A page of somebody else's can have its own name lead to this server's address (DNS rebinding), and then read the answers as
its own: the browser only compares names. So a name that nobody told us is not answered for.
"""

from __future__ import annotations

from collections.abc import Sequence

from engineroom.http.proxies import address_of

ANY = "*"


class Hosts:
    """Names; one that begins with a dot stands for all below it, and `*` for all."""

    def __init__(self, names: Sequence[str]) -> None:
        lowered = [name.lower().rstrip(".") for name in names]
        self._any = ANY in lowered
        self._names = frozenset(name for name in lowered if not name.startswith("."))
        self._below = tuple(name for name in lowered if name.startswith("."))

    def allow(self, host: str) -> bool:
        """Return whether requests to a host, as the header names it, are answered.

        An address is none that a page could have taken for its name: whoever uses it means it.
        """
        name = _without_port(host).lower().rstrip(".")
        if address_of(name) is not None or self._any:
            return bool(name)
        return name in self._names or name.endswith((".localhost", *self._below))


def own_names(bind: str, host_name: str) -> list[str]:
    """Return the names that a server has without being told: those of this machine, and the one that it listens on."""
    return ["localhost", bind, host_name, host_name.partition(".")[0]]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
