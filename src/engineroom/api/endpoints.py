"""The table of endpoints. Routes, access rules and their tests come from it."""

from engineroom.api import (
    applications,
    background_processes,
    environments,
    health,
    instances,
    meta,
    operations,
)
from engineroom.api.call import Endpoint, Handler
from engineroom.api.documents import Attributes
from engineroom.api.requests import CreateBackgroundProcess, UpdateBackgroundProcess
from engineroom.api.resources.application import ApplicationAttributes
from engineroom.api.resources.background_process import BackgroundProcessAttributes
from engineroom.api.resources.environment import EnvironmentAttributes
from engineroom.api.resources.event import EventAttributes
from engineroom.api.resources.instance import InstanceAttributes
from engineroom.api.resources.operation import OperationAttributes
from engineroom.api.resources.organization import OrganizationAttributes
from engineroom.api.resources.process import ProcessAttributes
from engineroom.model.token import Ability

_OF_INSTANCE = "/api/instances/{instance}/background-processes"
_BACKGROUND_PROCESS = "/api/background-processes/{backgroundProcess}"


def _read(path: str, response: type[Attributes], handler: Handler, contract: str) -> Endpoint:
    return Endpoint(
        method="GET",
        path=path,
        ability=Ability.READ,
        request=None,
        response=response,
        handler=handler,
        contract=contract,
    )


def _restart(path: str, handler: Handler) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"{path}/restart",
        ability=Ability.WRITE,
        request=None,
        response=OperationAttributes,
        handler=handler,
        contract="ours",
    )


def _open(path: str, handler: Handler) -> Endpoint:
    return Endpoint(
        method="GET", path=path, ability=None, request=None, response=None, handler=handler, contract="ours"
    )


ENDPOINTS = (
    _open("/healthz", health.alive),
    _open("/readyz", health.ready),
    _read(_BACKGROUND_PROCESS, BackgroundProcessAttributes, background_processes.show, "2.1"),
    Endpoint(
        method="PATCH",
        path=_BACKGROUND_PROCESS,
        ability=Ability.WRITE,
        request=UpdateBackgroundProcess,
        response=BackgroundProcessAttributes,
        handler=background_processes.update,
        contract="2.1",
    ),
    Endpoint(
        method="DELETE",
        path=_BACKGROUND_PROCESS,
        ability=Ability.WRITE,
        request=None,
        response=None,
        handler=background_processes.delete,
        contract="2.1",
    ),
    _read(_OF_INSTANCE, BackgroundProcessAttributes, background_processes.index, "2.1"),
    Endpoint(
        method="POST",
        path=_OF_INSTANCE,
        ability=Ability.WRITE,
        request=CreateBackgroundProcess,
        response=BackgroundProcessAttributes,
        handler=background_processes.create,
        contract="2.1",
    ),
    _restart(_BACKGROUND_PROCESS, background_processes.restart),
    _read(f"{_BACKGROUND_PROCESS}/processes", ProcessAttributes, background_processes.processes, "ours"),
    _read(f"{_BACKGROUND_PROCESS}/events", EventAttributes, background_processes.its_events, "ours"),
    _read(
        f"{_BACKGROUND_PROCESS}/operations", OperationAttributes, background_processes.its_operations, "ours"
    ),
    _read("/api/operations", OperationAttributes, operations.index, "ours"),
    _read("/api/operations/{operation}", OperationAttributes, operations.show, "ours"),
    _read("/api/instances/{instance}", InstanceAttributes, instances.show, "3.1"),
    _restart("/api/instances/{instance}", instances.restart),
    _read("/api/environments/{environment}/instances", InstanceAttributes, instances.index, "3.1"),
    _read("/api/environments/{environment}", EnvironmentAttributes, environments.show, "4.1"),
    _read("/api/applications/{application}/environments", EnvironmentAttributes, environments.index, "4.1"),
    _read("/api/applications", ApplicationAttributes, applications.index, "5"),
    _read("/api/applications/{application}", ApplicationAttributes, applications.show, "5"),
    _read("/api/meta/organization", OrganizationAttributes, meta.organization, "8"),
)
