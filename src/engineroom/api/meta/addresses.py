"""Find the addresses that this host connects from."""

import ipaddress
import socket

# Addresses that are documented to belong to nobody (RFC 5737, RFC 3849): nothing is ever sent to them.
_FAR_AWAY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
_PREFIX_LENGTH = 56


def ipv4() -> list[str]:
    """Return this host's address, none where it has no way out."""
    found = _source(socket.AF_INET)
    return [found] if found else []


def ipv6() -> list[str]:
    """Return the network of this host's address, as the contract shows it."""
    found = _source(socket.AF_INET6)
    if found is None:
        return []
    network = ipaddress.ip_network((found, _PREFIX_LENGTH), strict=False)
    return [str(network)]


def _source(family: socket.AddressFamily) -> str | None:
    """Return the address that this host would connect from, None where it has no way out."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket only looks the route up (udp(7)).
            probe.connect((_FAR_AWAY[family], 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address.partition("%")[0]
