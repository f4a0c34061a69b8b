"""The endpoints of instances."""

from engineroom.api import subjects
from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.document.shapes import All, Empty, Many, One, Plain
from engineroom.api.http.errors import ConflictError
from engineroom.api.http.rate_limits import Bucket
from engineroom.api.instances import handlers
from engineroom.api.instances.relations import RELATIONS
from engineroom.api.instances.replica import TYPE as REPLICA
from engineroom.api.instances.requests import CreateInstance, UpdateInstance
from engineroom.api.instances.resource import TYPE as INSTANCE
from engineroom.api.instances.size import Sizes
from engineroom.api.operations.resource import TYPE as OPERATION
from engineroom.model.token import Ability
from engineroom.store.queries import instances as instances_store

ROWS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/instances/{instance}",
        One(INSTANCE),
        handlers.show,
        "3.1",
        ability=Ability.READ,
        subject=subjects.INSTANCE,
        relations=RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/instances/{instance}/replicas",
        All(REPLICA),
        handlers.replicas,
        "ours",
        ability=Ability.READ,
        subject=subjects.INSTANCE,
    ),
    Endpoint(
        "POST",
        "/api/instances/{instance}/restart",
        All(OPERATION, 202),
        handlers.restart,
        "ours",
        ability=Ability.WRITE,
        subject=subjects.INSTANCE,
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/instances",
        Many(INSTANCE),
        handlers.index,
        "3.1",
        ability=Ability.READ,
        subject=subjects.ENVIRONMENT,
        relations=RELATIONS,
        filters=instances_store.FILTERS,
    ),
    Endpoint(
        "POST",
        "/api/environments/{environment}/instances",
        One(INSTANCE, 201),
        handlers.create,
        "3.3",
        ability=Ability.WRITE,
        subject=subjects.ENVIRONMENT,
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
        "/api/instances/{instance}",
        One(INSTANCE),
        handlers.update,
        "3.4",
        ability=Ability.WRITE,
        subject=subjects.INSTANCE,
        request=UpdateInstance,
        bucket=Bucket.INSTANCE_CHANGE,
    ),
    Endpoint(
        "DELETE",
        "/api/instances/{instance}",
        Empty(),
        handlers.delete,
        "3.1",
        ability=Ability.WRITE,
        subject=subjects.INSTANCE,
        errors=(ConflictError,),
    ),
)
