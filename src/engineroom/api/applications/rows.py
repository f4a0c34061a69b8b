"""The endpoints of applications."""

from engineroom.api.applications import handlers
from engineroom.api.applications.requests import CreateApplication, UpdateApplication
from engineroom.api.applications.resource import TYPE as APPLICATION
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, Many, One
from engineroom.api.http.rate_limits import Bucket
from engineroom.model.token import Ability
from engineroom.store.queries import applications as applications_store

_APPLICATION = "/api/applications/{application}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/applications",
        Many(APPLICATION),
        handlers.index,
        "5",
        ability=Ability.READ,
        limited_tokens=True,
        relations=handlers.RELATIONS,
        filters=applications_store.FILTERS,
    ),
    Endpoint(
        "GET",
        "/api/applications/{application}",
        One(APPLICATION),
        handlers.show,
        "5",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
    ),
    Endpoint(
        "POST",
        "/api/applications",
        One(APPLICATION, 201),
        handlers.create,
        "5",
        ability=Ability.WRITE,
        request=CreateApplication,
        bucket=Bucket.APPLICATION_CREATE,
    ),
    Endpoint(
        "PATCH",
        _APPLICATION,
        One(APPLICATION),
        handlers.update,
        "5",
        ability=Ability.WRITE,
        request=UpdateApplication,
    ),
    Endpoint("DELETE", _APPLICATION, Empty(), handlers.delete, "5", ability=Ability.WRITE),
)
