"""The endpoints of instances."""

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import All, Empty, Many, One, Plain
from engineroom.api.http.errors import ConflictError
from engineroom.api.http.rate_limits import Bucket
from engineroom.api.instances import handlers
from engineroom.api.instances.replica import TYPE as REPLICA
from engineroom.api.instances.requests import CreateInstance, UpdateInstance
from engineroom.api.instances.resource import TYPE as INSTANCE
from engineroom.api.instances.size import Sizes
from engineroom.api.operations.resource import TYPE as OPERATION
from engineroom.model.token import Ability
from engineroom.store.queries import instances as instances_store

_ENVIRONMENT = "/api/environments/{environment}"
_INSTANCE = "/api/instances/{instance}"

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _INSTANCE,
        One(INSTANCE),
        handlers.show,
        "3.1",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
    ),
    Endpoint("GET", f"{_INSTANCE}/replicas", All(REPLICA), handlers.replicas, "ours", ability=Ability.READ),
    Endpoint(
        "POST", f"{_INSTANCE}/restart", All(OPERATION, 202), handlers.restart, "ours", ability=Ability.WRITE
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/instances",
        Many(INSTANCE),
        handlers.index,
        "3.1",
        ability=Ability.READ,
        relations=handlers.RELATIONS,
        filters=instances_store.FILTERS,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/instances",
        One(INSTANCE, 201),
        handlers.create,
        "3.3",
        ability=Ability.WRITE,
        request=CreateInstance,
        bucket=Bucket.INSTANCE_CHANGE,
    ),
    Endpoint(
        "GET",
        "/api/instances/sizes",
        Plain(Sizes),
        handlers.sizes,
        "3.6",
        ability=Ability.READ,
        limited_tokens=True,
    ),
    Endpoint(
        "PATCH",
        _INSTANCE,
        One(INSTANCE),
        handlers.update,
        "3.4",
        ability=Ability.WRITE,
        request=UpdateInstance,
        bucket=Bucket.INSTANCE_CHANGE,
    ),
    Endpoint(
        "DELETE", _INSTANCE, Empty(), handlers.delete, "3.1", ability=Ability.WRITE, errors=(ConflictError,)
    ),
)
