"""The endpoints of environments."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import Empty, Many, One
from engineroom.api.environments import handlers, variables
from engineroom.api.environments.relations import RELATIONS
from engineroom.api.environments.requests import CreateEnvironment, VanityDomain
from engineroom.api.environments.resource import TYPE as ENVIRONMENT
from engineroom.api.environments.update import UpdateEnvironment
from engineroom.api.environments.variable_requests import ChangeVariables, DeleteVariables, ReplaceVariables
from engineroom.api.http.rate_limits import Bucket
from engineroom.model.token import Ability
from engineroom.store.queries import environments as environments_store

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/environments/{environment}",
        One(ENVIRONMENT),
        handlers.show,
        "4.1",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
        relations=RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/applications/{application}/environments",
        Many(ENVIRONMENT),
        handlers.index,
        "4.1",
        ability=Ability.READ,
        subject=subjects.APPLICATION,
        relations=RELATIONS,
        filters=environments_store.FILTERS,
    ),
    Endpoint(
        "POST",
        "/api/applications/{application}/environments",
        One(ENVIRONMENT, 201),
        handlers.create,
        "4.3",
        ability=Ability.WRITE,
        subject=subjects.APPLICATION,
        request=CreateEnvironment,
        bucket=Bucket.ENVIRONMENT_CREATE,
    ),
    Endpoint(
        "PATCH",
        "/api/environments/{environment}",
        One(ENVIRONMENT),
        handlers.update,
        "4.4",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=UpdateEnvironment,
    ),
    Endpoint(
        "DELETE",
        "/api/environments/{environment}",
        Empty(),
        handlers.delete,
        "4.1",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
    ),
    Endpoint(
        "POST",
        "/api/environments/{environment}/stop",
        One(ENVIRONMENT),
        handlers.stop,
        "4.6",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
    ),
    Endpoint(
        "POST",
        "/api/environments/{environment}/variables",
        One(ENVIRONMENT),
        variables.change_variables,
        "4.5",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=ChangeVariables,
    ),
    Endpoint(
        "PUT",
        "/api/environments/{environment}/variables",
        One(ENVIRONMENT),
        variables.replace_variables,
        "4.5",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=ReplaceVariables,
    ),
    Endpoint(
        "POST",
        "/api/environments/{environment}/variables/delete",
        One(ENVIRONMENT),
        variables.delete_variables,
        "4.5",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=DeleteVariables,
    ),
    Endpoint(
        "POST",
        "/api/environments/{environment}/purge-edge-cache",
        One(ENVIRONMENT),
        handlers.purge_edge_cache,
        "4.1",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
    ),
    Endpoint(
        "PUT",
        "/api/environments/{environment}/vanity-domain",
        One(ENVIRONMENT),
        handlers.change_vanity_domain,
        "4.1",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
        request=VanityDomain,
    ),
)
