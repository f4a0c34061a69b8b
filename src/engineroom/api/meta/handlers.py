"""Answer what a token belongs to, and where things run (contract sheet, section 8)."""

from engineroom.api.calls.answers import one_answer, plain
from engineroom.api.calls.call import Call
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import NotFoundError
from engineroom.api.meta import addresses as here
from engineroom.api.meta import resource
from engineroom.api.meta.regions import Addresses, RegionEntry, Regions
from engineroom.model.applications.application import Organization
from engineroom.model.applications.regions import OFFERED
from engineroom.store.queries.access import organizations


async def organization(call: Call) -> Answer:
    """Show the organization of the token."""
    return await one_answer(call, await _own(call), resource.show)


async def organization_by_slug(call: Call) -> Answer:
    """Show the organization of the token when it has this slug."""
    found = await _own(call)
    if found.slug != call.id("organization"):
        raise NotFoundError
    return await one_answer(call, found, resource.show)


async def regions(_call: Call) -> Answer:
    """List the regions."""
    return plain(Regions([RegionEntry(each.region, each.label, each.flag) for each in OFFERED]))


async def addresses(_call: Call) -> Answer:
    """List the addresses of each region; every region is this host."""
    found = Addresses(here.ipv4(), here.ipv6())
    return plain({each.region.value: found for each in OFFERED})


async def _own(call: Call) -> Organization:
    return await call.read(lambda connection: organizations.get(connection, call.organization_id))
