"""The endpoints of what a token belongs to."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import One, Plain
from engineroom.api.http.rate_limits import Bucket
from engineroom.api.meta import handlers
from engineroom.api.meta.regions import Addresses, Regions
from engineroom.api.meta.resource import TYPE as ORGANIZATION
from engineroom.model.token import Ability

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/meta/organization",
        One(ORGANIZATION),
        handlers.organization,
        "8",
        ability=Ability.READ,
        limited_tokens=True,
    ),
    Endpoint(
        "GET",
        "/api/meta/regions",
        Plain(Regions),
        handlers.regions,
        "8",
        ability=Ability.READ,
        limited_tokens=True,
    ),
    Endpoint(
        "GET",
        "/api/ip",
        Plain(dict[str, Addresses]),
        handlers.addresses,
        "8",
        ability=Ability.READ,
        limited_tokens=True,
        bucket=Bucket.IP,
    ),
    Endpoint(
        "GET",
        "/api/organizations/{organization}",
        One(ORGANIZATION),
        handlers.organization_by_slug,
        "8",
        ability=Ability.READ,
        limited_tokens=True,
    ),
)
