"""The endpoints of applications."""

from engineroom.api import subjects
from engineroom.api.applications import handlers
from engineroom.api.applications.relations import RELATIONS
from engineroom.api.applications.requests import CreateApplication, UpdateApplication
from engineroom.api.applications.resource import TYPE as APPLICATION
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, Many, One
from engineroom.api.http.rate_limits import Bucket
from engineroom.model.token import Ability
from engineroom.store.queries import applications as applications_store

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/applications",
        Many(APPLICATION),
        handlers.index,
        "5",
        ability=Ability.READ,
        limited_tokens=True,
        relations=RELATIONS,
        filters=applications_store.FILTERS,
    ),
    Endpoint(
        "GET",
        "/api/applications/{application}",
        One(APPLICATION),
        handlers.show,
        "5",
        ability=Ability.READ,
        subject=subjects.APPLICATION,
        relations=RELATIONS,
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
        "/api/applications/{application}",
        One(APPLICATION),
        handlers.update,
        "5",
        ability=Ability.WRITE,
        subject=subjects.APPLICATION,
        request=UpdateApplication,
    ),
    Endpoint(
        "DELETE",
        "/api/applications/{application}",
        Empty(),
        handlers.delete,
        "5",
        ability=Ability.WRITE,
        subject=subjects.APPLICATION,
    ),
)
