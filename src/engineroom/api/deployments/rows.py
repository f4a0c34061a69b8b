"""The endpoints of deployments."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.deployments import handlers
from engineroom.api.deployments.resource import TYPE as DEPLOYMENT
from engineroom.api.deployments.resource import DeploymentLogs
from engineroom.api.document.shapes import Many, One, Plain
from engineroom.api.environments.requests import Start
from engineroom.model.token import Ability
from engineroom.store.queries import deployments as deployments_store

_ENVIRONMENT = "/api/environments/{environment}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/start",
        One(DEPLOYMENT, 201),
        handlers.start,
        "4.6",
        ability=Ability.WRITE,
        request=Start,
    ),
    Endpoint(
        "GET",
        f"{_ENVIRONMENT}/deployments",
        Many(DEPLOYMENT),
        handlers.index,
        "6",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
        filters=deployments_store.FILTERS,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/deployments",
        One(DEPLOYMENT, 201),
        handlers.create,
        "6",
        ability=Ability.WRITE,
    ),
    Endpoint(
        "GET",
        "/api/deployments/{deployment}",
        One(DEPLOYMENT),
        handlers.show,
        "6",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/deployments/{deployment}/logs",
        Plain(DeploymentLogs),
        handlers.logs,
        "6",
        ability=Ability.READ,
    ),
)
