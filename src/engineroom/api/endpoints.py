"""The table of endpoints. Routes, access, answers, their tests and the OpenAPI document come from it."""

from engineroom.api import (
    alerts,
    applications,
    audit,
    background_processes,
    contract,
    documentation,
    environments,
    events,
    folders,
    health,
    instances,
    lifecycle,
    log_query,
    logs,
    meta,
    metrics,
    operations,
    scaling,
    schedules,
    tokens,
)
from engineroom.api.documentation import Documentation
from engineroom.api.documents import JSON
from engineroom.api.endpoint import Endpoint, Parameter
from engineroom.api.errors import ConflictError, InvalidError
from engineroom.api.lifecycle import UpdateLifecycle
from engineroom.api.rate_limits import Bucket
from engineroom.api.requests import CreateBackgroundProcess, UpdateBackgroundProcess
from engineroom.api.resources.application import TYPE as APPLICATION
from engineroom.api.resources.audit_entry import TYPE as AUDIT_ENTRY
from engineroom.api.resources.background_process import TYPE as BACKGROUND_PROCESS
from engineroom.api.resources.environment import TYPE as ENVIRONMENT
from engineroom.api.resources.event import TYPE as EVENT
from engineroom.api.resources.folder import TYPE as FOLDER
from engineroom.api.resources.instance import TYPE as INSTANCE
from engineroom.api.resources.lifecycle import TYPE as LIFECYCLE
from engineroom.api.resources.operation import TYPE as OPERATION
from engineroom.api.resources.organization import TYPE as ORGANIZATION
from engineroom.api.resources.process import TYPE as PROCESS
from engineroom.api.resources.replica import TYPE as REPLICA
from engineroom.api.resources.scaling import REPLAY
from engineroom.api.resources.scaling import TYPE as SCALING
from engineroom.api.resources.schedule import RUN as SCHEDULED_RUN
from engineroom.api.resources.schedule import TYPE as SCHEDULE
from engineroom.api.resources.token import NEW_TYPE as NEW_TOKEN
from engineroom.api.resources.token import TYPE as TOKEN
from engineroom.api.scaling import ReplayScaling, UpdateScaling
from engineroom.api.schedules import PutSchedule
from engineroom.api.shapes import All, Empty, Many, One, Other, Plain
from engineroom.api.streams import EVENT_STREAM, TEXT
from engineroom.api.token_requests import CreateToken
from engineroom.model.token import Ability
from engineroom.store.queries import applications as applications_store
from engineroom.store.queries import environments as environments_store
from engineroom.store.queries import instances as instances_store
from engineroom.telemetry import prometheus

_OF_INSTANCE = "/api/instances/{instance}/background-processes"
_PROCESS = "/api/background-processes/{backgroundProcess}"
_INSTANCE = "/api/instances/{instance}"
_ENVIRONMENT = "/api/environments/{environment}"
_READ, _WRITE, _ADMIN = Ability.READ, Ability.WRITE, Ability.ADMIN
_FORCE = Parameter("force", {"type": "boolean"}, "Kill what runs at once, instead of draining it.")

_EVENTS = Many(EVENT, also=(EVENT_STREAM,))

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
        "GET",
        f"{_PROCESS}/events",
        _EVENTS,
        events.of_background_process,
        "ours",
        ability=_READ,
        parameters=events.PARAMETERS,
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/events",
        _EVENTS,
        events.of_environment,
        "ours",
        ability=_READ,
        parameters=events.PARAMETERS,
    ),
    Endpoint(
        "GET", "/api/events", _EVENTS, events.index, "ours", ability=_READ, parameters=events.PARAMETERS
    ),
    Endpoint(
        "GET",
        f"{_PROCESS}/metrics",
        Plain(metrics.ProcessMetrics),
        metrics.of_background_process,
        "ours",
        ability=_READ,
        parameters=metrics.PARAMETERS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/metrics",
        Plain(metrics.EnvironmentMetrics),
        metrics.of_environment,
        "4.8",
        ability=_READ,
        parameters=metrics.PARAMETERS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET", "/metrics", Other(prometheus.MEDIA_TYPE), metrics.scrape, "ours", ability=_READ, bucket=None
    ),
    Endpoint("GET", "/api/alerts", Plain(alerts.Alerts), alerts.index, "ours", ability=_READ),
    Endpoint(
        "POST",
        "/api/alerts/test",
        Plain(alerts.AlertTest),
        alerts.test,
        "ours",
        ability=_ADMIN,
        errors=(ConflictError,),
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
    Endpoint("GET", f"{_PROCESS}/lifecycle", One(LIFECYCLE), lifecycle.show, "ours", ability=_READ),
    Endpoint(
        "PATCH",
        f"{_PROCESS}/lifecycle",
        One(LIFECYCLE),
        lifecycle.update,
        "ours",
        ability=_WRITE,
        request=UpdateLifecycle,
    ),
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
    Endpoint(
        "GET", f"{_INSTANCE}/scheduled-runs", Many(SCHEDULED_RUN), schedules.runs, "ours", ability=_READ
    ),
    Endpoint("GET", f"{_ENVIRONMENT}/folder", One(FOLDER), folders.show, "ours", ability=_READ),
    Endpoint("GET", f"{_ENVIRONMENT}/schedule", One(SCHEDULE), schedules.show, "ours", ability=_READ),
    Endpoint(
        "PUT",
        f"{_ENVIRONMENT}/schedule",
        One(SCHEDULE),
        schedules.put,
        "ours",
        ability=_WRITE,
        request=PutSchedule,
    ),
    Endpoint(
        "GET",
        f"{_PROCESS}/logs",
        Plain(logs.ProcessLogs, also=(EVENT_STREAM, TEXT)),
        logs.of_background_process,
        "ours",
        ability=_READ,
        parameters=log_query.OF_PROCESS,
        errors=(InvalidError,),
    ),
    Endpoint(
        "GET",
        "/api/environments/{environment}/logs",
        Plain(logs.EnvironmentLogs),
        logs.of_environment,
        "4.7",
        ability=_READ,
        parameters=log_query.OF_ENVIRONMENT,
        errors=(InvalidError,),
        bucket=Bucket.ENVIRONMENT_LOGS,
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
