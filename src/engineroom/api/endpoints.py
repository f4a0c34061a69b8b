"""The table of endpoints. Routes, access, answers, their tests and the OpenAPI document come from it."""

from engineroom.api import (
    applications,
    audit,
    background_processes,
    contract,
    documentation,
    environments,
    health,
    instances,
    meta,
    operations,
    scaling,
    tokens,
)
from engineroom.api.documentation import Documentation
from engineroom.api.documents import JSON
from engineroom.api.endpoint import Endpoint, Parameter
from engineroom.api.requests import CreateBackgroundProcess, UpdateBackgroundProcess
from engineroom.api.resources.application import TYPE as APPLICATION
from engineroom.api.resources.audit_entry import TYPE as AUDIT_ENTRY
from engineroom.api.resources.background_process import TYPE as BACKGROUND_PROCESS
from engineroom.api.resources.environment import TYPE as ENVIRONMENT
from engineroom.api.resources.event import TYPE as EVENT
from engineroom.api.resources.instance import TYPE as INSTANCE
from engineroom.api.resources.operation import TYPE as OPERATION
from engineroom.api.resources.organization import TYPE as ORGANIZATION
from engineroom.api.resources.process import TYPE as PROCESS
from engineroom.api.resources.replica import TYPE as REPLICA
from engineroom.api.resources.scaling import REPLAY
from engineroom.api.resources.scaling import TYPE as SCALING
from engineroom.api.resources.token import NEW_TYPE as NEW_TOKEN
from engineroom.api.resources.token import TYPE as TOKEN
from engineroom.api.scaling import ReplayScaling, UpdateScaling
from engineroom.api.shapes import All, Empty, Many, One, Other, Plain
from engineroom.api.token_requests import CreateToken
from engineroom.model.token import Ability
from engineroom.store import applications as applications_store
from engineroom.store import environments as environments_store
from engineroom.store import instances as instances_store

_OF_INSTANCE = "/api/instances/{instance}/background-processes"
_PROCESS = "/api/background-processes/{backgroundProcess}"
_INSTANCE = "/api/instances/{instance}"
_READ, _WRITE, _ADMIN = Ability.READ, Ability.WRITE, Ability.ADMIN
_FORCE = Parameter("force", {"type": "boolean"}, "Kill what runs at once, instead of draining it.")

_documentation = Documentation(lambda: ENDPOINTS)

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/healthz", Plain(health.Health), health.alive, "ours", ability=None, bucket=None),
    Endpoint(
        "GET",
        "/readyz",
        Plain(health.Health),
        health.ready,
        "ours",
        ability=None,
        bucket=None,
        errors=(health.UnavailableError,),
    ),
    Endpoint("GET", "/api/openapi.json", Other(JSON), _documentation.openapi, "ours", ability=None),
    Endpoint("GET", "/api/docs", Other(documentation.HTML), _documentation.page, "ours", ability=None),
    Endpoint(
        "GET",
        _PROCESS,
        One(BACKGROUND_PROCESS),
        background_processes.show,
        "2.1",
        ability=_READ,
        relations=background_processes.RELATIONS,
    ),
    Endpoint(
        "PATCH",
        _PROCESS,
        One(BACKGROUND_PROCESS),
        background_processes.update,
        "2.1",
        ability=_WRITE,
        request=UpdateBackgroundProcess,
    ),
    Endpoint(
        "DELETE",
        _PROCESS,
        Empty(),
        background_processes.delete,
        "2.1",
        ability=_WRITE,
        parameters=(_FORCE,),
    ),
    Endpoint(
        "GET",
        _OF_INSTANCE,
        Many(BACKGROUND_PROCESS),
        background_processes.index,
        "2.1",
        ability=_READ,
        relations=background_processes.RELATIONS,
    ),
    Endpoint(
        "POST",
        _OF_INSTANCE,
        One(BACKGROUND_PROCESS, 201),
        background_processes.create,
        "2.1",
        ability=_WRITE,
        request=CreateBackgroundProcess,
    ),
    Endpoint(
        "POST",
        f"{_PROCESS}/restart",
        One(OPERATION, 202),
        background_processes.restart,
        "ours",
        ability=_WRITE,
    ),
    Endpoint(
        "GET", f"{_PROCESS}/processes", Many(PROCESS), background_processes.processes, "ours", ability=_READ
    ),
    Endpoint(
        "GET", f"{_PROCESS}/events", Many(EVENT), background_processes.its_events, "ours", ability=_READ
    ),
    Endpoint(
        "GET",
        f"{_PROCESS}/operations",
        Many(OPERATION),
        background_processes.its_operations,
        "ours",
        ability=_READ,
    ),
    Endpoint("GET", "/api/audit", Many(AUDIT_ENTRY), audit.index, "ours", ability=_ADMIN),
    Endpoint("GET", "/api/tokens", Many(TOKEN), tokens.index, "ours", ability=_ADMIN),
    Endpoint(
        "POST", "/api/tokens", One(NEW_TOKEN, 201), tokens.create, "ours", ability=_ADMIN, request=CreateToken
    ),
    Endpoint("GET", "/api/tokens/{token}", One(TOKEN), tokens.show, "ours", ability=_ADMIN),
    Endpoint("DELETE", "/api/tokens/{token}", Empty(), tokens.revoke, "ours", ability=_ADMIN),
    Endpoint("GET", f"{_PROCESS}/scaling", One(SCALING), scaling.show, "ours", ability=_READ),
    Endpoint(
        "PATCH",
        f"{_PROCESS}/scaling",
        One(SCALING),
        scaling.update,
        "ours",
        ability=_WRITE,
        request=UpdateScaling,
    ),
    Endpoint(
        "POST",
        f"{_PROCESS}/scaling/replay",
        One(REPLAY),
        scaling.try_out,
        "ours",
        ability=_READ,
        request=ReplayScaling,
    ),
    Endpoint("GET", "/api/operations", Many(OPERATION), operations.index, "ours", ability=_READ),
    Endpoint("GET", "/api/operations/{operation}", One(OPERATION), operations.show, "ours", ability=_READ),
    Endpoint(
        "GET",
        _INSTANCE,
        One(INSTANCE),
        instances.show,
        "3.1",
        ability=_READ,
        relations=instances.RELATIONS,
    ),
    Endpoint("GET", f"{_INSTANCE}/replicas", All(REPLICA), instances.replicas, "ours", ability=_READ),
    Endpoint("POST", f"{_INSTANCE}/restart", All(OPERATION, 202), instances.restart, "ours", ability=_WRITE),
    Endpoint(
        "GET",
        "/api/environments/{environment}/instances",
        Many(INSTANCE),
        instances.index,
        "3.1",
        ability=_READ,
        relations=instances.RELATIONS,
        filters=instances_store.FILTERS,
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}",
        One(ENVIRONMENT),
        environments.show,
        "4.1",
        ability=_READ,
        relations=environments.RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/applications/{application}/environments",
        Many(ENVIRONMENT),
        environments.index,
        "4.1",
        ability=_READ,
        relations=environments.RELATIONS,
        filters=environments_store.FILTERS,
    ),
    Endpoint(
        "GET",
        "/api/applications",
        Many(APPLICATION),
        applications.index,
        "5",
        ability=_READ,
        limited_tokens=True,
        relations=applications.RELATIONS,
        filters=applications_store.FILTERS,
    ),
    Endpoint(
        "GET",
        "/api/applications/{application}",
        One(APPLICATION),
        applications.show,
        "5",
        ability=_READ,
        relations=applications.RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/meta/organization",
        One(ORGANIZATION),
        meta.organization,
        "8",
        ability=_READ,
        limited_tokens=True,
    ),
    *contract.ROWS,
)
