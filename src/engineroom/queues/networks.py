"""Which networks queues may be in: what tenants name as addresses reaches no others."""

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_THIS_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what Linux takes them for in connect(2)


class DeniedAddressError(PermissionError):
    """No connection is made to an address in a network that the settings do not allow."""


@dataclass(frozen=True, slots=True)
class Networks:
    """`allowed` are all that may be connected to, or any where there are none; `denied` wins."""

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()

    @classmethod
    def of(cls, allowed: Iterable[str], denied: Iterable[str]) -> Self:
        """Return those that the settings name. Raises ValueError."""
        return cls(tuple(map(ipaddress.ip_network, allowed)), tuple(map(ipaddress.ip_network, denied)))

    def check(self, address: str) -> None:
        """Raise DeniedAddressError when this address may not be connected to. A name is none, and never allowed."""
        try:
            found = _meant(ipaddress.ip_address(_THIS_HOST.get(address, address).partition("%")[0]))
        except ValueError:
            raise _denied(address, "it is no address but a name") from None
        for network in self.denied:
            if found in network:
                raise _denied(address, f"queue_networks_denied has {network}")
        if self.allowed and not any(found in network for network in self.allowed):
            raise _denied(address, "queue_networks_allowed does not have it")

    def resolve(self, host: str, port: int) -> str:
        """Return an address of this host that may be connected to. Raises OSError when there is none."""
        refused: OSError | None = None
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                self.check(str(address[0]))
            except DeniedAddressError as error:
                refused = error
            else:
                return str(address[0])
        raise refused or OSError(f"{host} has no address")

    def enforce(self) -> None:
        """Hold every connection that Python code makes in this process to them, for good, wherever its address came from.

        What is looked at is what is connected to, so that a name which changes its address, a redirection or another node of
        a cluster reaches no more. Libraries in C are not seen: see `resolve`.
        """

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "socket.connect":
                connecting, address = arguments
                if connecting.family in (socket.AF_INET, socket.AF_INET6):
                    self.check(str(address[0]))
                elif connecting.family != socket.AF_UNIX or os.fsdecode(address)[:1] in ("", "\0"):
                    raise _denied(repr(address), "only files and networks are")

        sys.addaudithook(hook)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that one of version 6 stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _denied(address: str, why: str) -> DeniedAddressError:
    return DeniedAddressError(errno.EACCES, f"no connection may be made to {address}: {why}")


ANY_NETWORK = Networks()
