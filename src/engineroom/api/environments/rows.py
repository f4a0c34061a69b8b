"""The endpoints of environments."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, Many, One
from engineroom.api.environments import handlers
from engineroom.api.environments.requests import (
    ChangeVariables,
    CreateEnvironment,
    DeleteVariables,
    ReplaceVariables,
    UpdateEnvironment,
    VanityDomain,
)
from engineroom.api.environments.resource import TYPE as ENVIRONMENT
from engineroom.api.http.rate_limits import Bucket
from engineroom.model.token import Ability
from engineroom.store.queries import environments as environments_store

_APPLICATION = "/api/applications/{application}"
_ENVIRONMENT = "/api/environments/{environment}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/environments/{environment}",
        One(ENVIRONMENT),
        handlers.show,
        "4.1",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/applications/{application}/environments",
        Many(ENVIRONMENT),
        handlers.index,
        "4.1",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
        filters=environments_store.FILTERS,
    ),
    Endpoint(
        "POST",
        f"{_APPLICATION}/environments",
        One(ENVIRONMENT, 201),
        handlers.create,
        "4.3",
        ability=Ability.WRITE,
        request=CreateEnvironment,
        bucket=Bucket.ENVIRONMENT_CREATE,
    ),
    Endpoint(
        "PATCH",
        _ENVIRONMENT,
        One(ENVIRONMENT),
        handlers.update,
        "4.4",
        ability=Ability.WRITE,
        request=UpdateEnvironment,
    ),
    Endpoint("DELETE", _ENVIRONMENT, Empty(), handlers.delete, "4.1", ability=Ability.WRITE),
    Endpoint("POST", f"{_ENVIRONMENT}/stop", One(ENVIRONMENT), handlers.stop, "4.6", ability=Ability.WRITE),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/variables",
        One(ENVIRONMENT),
        handlers.change_variables,
        "4.5",
        ability=Ability.WRITE,
        request=ChangeVariables,
    ),
    Endpoint(
        "PUT",
        f"{_ENVIRONMENT}/variables",
        One(ENVIRONMENT),
        handlers.replace_variables,
        "4.5",
        ability=Ability.WRITE,
        request=ReplaceVariables,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/variables/delete",
        One(ENVIRONMENT),
        handlers.delete_variables,
        "4.5",
        ability=Ability.WRITE,
        request=DeleteVariables,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/purge-edge-cache",
        One(ENVIRONMENT),
        handlers.purge_edge_cache,
        "4.1",
        ability=Ability.WRITE,
    ),
    Endpoint(
        "PUT",
        f"{_ENVIRONMENT}/vanity-domain",
        One(ENVIRONMENT),
        handlers.change_vanity_domain,
        "4.1",
        ability=Ability.WRITE,
        request=VanityDomain,
    ),
)
