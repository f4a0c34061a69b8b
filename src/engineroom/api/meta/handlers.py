"""What a token belongs to, and where things run (contract sheet, section 8)."""

import ipaddress
import socket

from msgspec import Struct
from sqlalchemy import Connection

from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.inclusion import one_answer
from engineroom.api.document.jsonapi import JSON, encode
from engineroom.api.http.errors import NotFoundError
from engineroom.api.meta import resource as shown
from engineroom.model.applications.application import Organization
from engineroom.model.applications.regions import OFFERED, Region
from engineroom.store.queries.access import organizations

# Addresses that are documented to belong to nobody (RFC 5737, RFC 3849): nothing is ever sent to them.
_FAR_AWAY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
_PREFIX_LENGTH = 56


class RegionEntry(Struct):
    """One region."""

    region: Region
    label: str
    flag: str


class Regions(Struct):
    """The answer: it is no JSON:API document."""

    data: list[RegionEntry]


class Addresses(Struct):
    """The addresses that connections of applications come from."""

    ipv4: list[str]
    ipv6: list[str]


async def organization(call: Call) -> Answer:
    """Show the organization of the token."""
    return await one_answer(
        call, lambda connection: organizations.get(connection, call.organization_id), shown.show
    )


async def organization_by_slug(call: Call) -> Answer:
    """Show the organization of the token when it has this slug."""
    slug = call.id("organization")

    def read(connection: Connection) -> Organization:
        found = organizations.get(connection, call.organization_id)
        if found.slug != slug:
            raise NotFoundError
        return found

    return await one_answer(call, read, shown.show)


async def regions(call: Call) -> Answer:
    """List the regions."""
    await call.authenticate()
    entries = [RegionEntry(each.region, each.label, each.flag) for each in OFFERED]
    return Answer(encode(Regions(entries)), media_type=JSON)


async def addresses(call: Call) -> Answer:
    """List the addresses of each region; every region is this host."""
    await call.authenticate()
    here = Addresses(_ipv4(), _ipv6())
    return Answer(encode({each.region.value: here for each in OFFERED}), media_type=JSON)


def _ipv4() -> list[str]:
    found = _source(socket.AF_INET)
    return [found] if found else []


def _ipv6() -> list[str]:
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
