"""The proxies that are believed, and what they say of the client behind them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Headers = Sequence[tuple[bytes, bytes]]

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]{1,64}){1,8}")
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What a proxy says; None where it says nothing that can be used."""

    client: str | None = None
    scheme: str | None = None
    host: str | None = None
    prefix: str | None = None


class Proxies:
    """The addresses and networks that are believed, as the settings name them."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)
        self.trusts = lru_cache(maxsize=4096)(self._trusts)

    def forwarded(self, headers: Headers) -> Forwarded:
        """Return what the headers of a proxy say. Of several that a proxy was given, the last is its own."""
        host = _last(headers, b"x-forwarded-host")
        scheme = (_last(headers, b"x-forwarded-proto") or "").lower()
        prefix = (_last(headers, b"x-forwarded-prefix") or "").rstrip("/")
        return Forwarded(
            client=self._client(_all(headers, b"x-forwarded-for")),
            scheme=scheme if scheme in ("http", "https") else None,
            host=host if host and _HOST.fullmatch(host) else None,
            prefix=prefix if _PREFIX.fullmatch(prefix) else None,
        )

    def _trusts(self, text: str) -> bool:
        address = address_of(text)
        return address is not None and any(address in network for network in self._networks)

    def _client(self, addresses: Sequence[str]) -> str | None:
        """Return the last address that is not a trusted proxy: whatever stands before it, anybody may have written."""
        found = None
        for text in reversed(addresses):
            address = address_of(_without_port(text))
            if address is None:
                return found
            found = str(address)
            if not self.trusts(found):
                return found
        return found


def address_of(text: str) -> Address | None:
    """Return the address that a text is; one of IPv4 that was written as one of IPv6 is one of IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, colon, _ = text.rpartition(":")
    return host if colon and ":" not in host else text


def _all(headers: Headers, name: bytes) -> list[str]:
    joined = ",".join(value.decode("latin-1") for key, value in headers if key == name)
    return [part.strip() for part in joined.split(",") if part.strip()]


def _last(headers: Headers, name: bytes) -> str | None:
    found = _all(headers, name)
    return found[-1] if found else None
