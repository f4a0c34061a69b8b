"""The endpoints of deployments."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.deployments import handlers
from engineroom.api.deployments.relations import RELATIONS
from engineroom.api.deployments.requests import StartEnvironment
from engineroom.api.deployments.resource import TYPE as DEPLOYMENT
from engineroom.api.deployments.steps import DeploymentLogs
from engineroom.api.document.shapes import Many, One, Plain
from engineroom.model.token import Ability
from engineroom.store.queries import deployments as deployments_store

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/api/environments/{environment}/start",
        One(DEPLOYMENT, 201),
        handlers.start,
        "4.6",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=StartEnvironment,
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/deployments",
        Many(DEPLOYMENT),
        handlers.index,
        "6",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
        relations=RELATIONS,
        filters=deployments_store.FILTERS,
    ),
    Endpoint(
        "POST",
        "/api/environments/{environment}/deployments",
        One(DEPLOYMENT, 201),
        handlers.create,
        "6",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
    ),
    Endpoint(
        "GET",
        "/api/deployments/{deployment}",
        One(DEPLOYMENT),
        handlers.show,
        "6",
        ability=Ability.READ,
        subject=subjects.DEPLOYMENT,
        relations=RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/deployments/{deployment}/logs",
        Plain(DeploymentLogs),
        handlers.logs,
        "6",
        ability=Ability.READ,
        subject=subjects.DEPLOYMENT,
    ),
)
