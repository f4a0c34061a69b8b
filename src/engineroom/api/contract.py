"""The rows of the table of endpoints for the contract's sections 3 to 9, but for reading what `endpoints` reads."""

from engineroom.api import (
    applications,
    avatars,
    commands,
    deployments,
    environments,
    instances,
    managed_queues,
    meta,
    sign_ins,
)
from engineroom.api.application_requests import CreateApplication, UpdateApplication
from engineroom.api.endpoint import Endpoint, Parameter
from engineroom.api.environment_requests import (
    ChangeVariables,
    CreateEnvironment,
    DeleteVariables,
    ReplaceVariables,
    RunCommand,
    Start,
    UpdateEnvironment,
    VanityDomain,
)
from engineroom.api.errors import ConflictError, InvalidError
from engineroom.api.instance_requests import CreateInstance, UpdateInstance
from engineroom.api.rate_limits import Bucket
from engineroom.api.resources.application import TYPE as APPLICATION
from engineroom.api.resources.command import TYPE as COMMAND
from engineroom.api.resources.deployment import TYPE as DEPLOYMENT
from engineroom.api.resources.deployment import DeploymentLogs
from engineroom.api.resources.environment import TYPE as ENVIRONMENT
from engineroom.api.resources.instance import TYPE as INSTANCE
from engineroom.api.resources.organization import TYPE as ORGANIZATION
from engineroom.api.resources.size import Sizes
from engineroom.api.shapes import Empty, Many, One, Other, Plain
from engineroom.model.token import Ability
from engineroom.store.queries import commands as commands_store
from engineroom.store.queries import deployments as deployments_store

_READ, _WRITE = Ability.READ, Ability.WRITE
_APPLICATION = "/api/applications/{application}"
_ENVIRONMENT = "/api/environments/{environment}"
_INSTANCE = "/api/instances/{instance}"
_FAILED_JOBS = f"{_INSTANCE}/failed-jobs"

_UNKNOWN = Parameter("unknown", {"type": "boolean"}, "Whether the token that was shown is not known.")

_INSTANCES = (
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/instances",
        One(INSTANCE, 201),
        instances.create,
        "3.3",
        ability=_WRITE,
        request=CreateInstance,
        bucket=Bucket.INSTANCE_CHANGE,
    ),
    Endpoint(
        "GET",
        "/api/instances/sizes",
        Plain(Sizes),
        instances.sizes,
        "3.6",
        ability=_READ,
        limited_tokens=True,
    ),
    Endpoint(
        "PATCH",
        _INSTANCE,
        One(INSTANCE),
        instances.update,
        "3.4",
        ability=_WRITE,
        request=UpdateInstance,
        bucket=Bucket.INSTANCE_CHANGE,
    ),
    Endpoint("DELETE", _INSTANCE, Empty(), instances.delete, "3.1", ability=_WRITE, errors=(ConflictError,)),
)
_MANAGED_QUEUES = tuple(
    Endpoint(method, path, answers, handler, "3.1", ability=ability, errors=(ConflictError,))
    for method, path, answers, handler, ability in (
        ("POST", f"{_INSTANCE}/default", One(INSTANCE), managed_queues.make_default, _WRITE),
        ("POST", f"{_INSTANCE}/pause", One(INSTANCE), managed_queues.pause, _WRITE),
        ("POST", f"{_INSTANCE}/resume", One(INSTANCE), managed_queues.resume, _WRITE),
        ("POST", f"{_INSTANCE}/purge", One(INSTANCE), managed_queues.purge, _WRITE),
        ("GET", _FAILED_JOBS, One(INSTANCE), managed_queues.failed_jobs, _READ),
        ("DELETE", _FAILED_JOBS, Empty(), managed_queues.delete_failed_jobs, _WRITE),
        ("POST", f"{_FAILED_JOBS}/{{job}}/retry", Empty(202), managed_queues.retry_failed_job, _WRITE),
        ("DELETE", f"{_FAILED_JOBS}/{{job}}", Empty(202), managed_queues.delete_failed_job, _WRITE),
    )
)
_ENVIRONMENTS = (
    Endpoint(
        "POST",
        f"{_APPLICATION}/environments",
        One(ENVIRONMENT, 201),
        environments.create,
        "4.3",
        ability=_WRITE,
        request=CreateEnvironment,
        bucket=Bucket.ENVIRONMENT_CREATE,
    ),
    Endpoint(
        "PATCH",
        _ENVIRONMENT,
        One(ENVIRONMENT),
        environments.update,
        "4.4",
        ability=_WRITE,
        request=UpdateEnvironment,
    ),
    Endpoint("DELETE", _ENVIRONMENT, Empty(), environments.delete, "4.1", ability=_WRITE),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/start",
        One(DEPLOYMENT, 201),
        deployments.start,
        "4.6",
        ability=_WRITE,
        request=Start,
    ),
    Endpoint("POST", f"{_ENVIRONMENT}/stop", One(ENVIRONMENT), environments.stop, "4.6", ability=_WRITE),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/variables",
        One(ENVIRONMENT),
        environments.change_variables,
        "4.5",
        ability=_WRITE,
        request=ChangeVariables,
    ),
    Endpoint(
        "PUT",
        f"{_ENVIRONMENT}/variables",
        One(ENVIRONMENT),
        environments.replace_variables,
        "4.5",
        ability=_WRITE,
        request=ReplaceVariables,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/variables/delete",
        One(ENVIRONMENT),
        environments.delete_variables,
        "4.5",
        ability=_WRITE,
        request=DeleteVariables,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/purge-edge-cache",
        One(ENVIRONMENT),
        environments.purge_edge_cache,
        "4.1",
        ability=_WRITE,
    ),
    Endpoint(
        "PUT",
        f"{_ENVIRONMENT}/vanity-domain",
        One(ENVIRONMENT),
        environments.change_vanity_domain,
        "4.1",
        ability=_WRITE,
        request=VanityDomain,
    ),
)
_APPLICATIONS = (
    Endpoint(
        "POST",
        "/api/applications",
        One(APPLICATION, 201),
        applications.create,
        "5",
        ability=_WRITE,
        request=CreateApplication,
        bucket=Bucket.APPLICATION_CREATE,
    ),
    Endpoint(
        "PATCH",
        _APPLICATION,
        One(APPLICATION),
        applications.update,
        "5",
        ability=_WRITE,
        request=UpdateApplication,
    ),
    Endpoint("DELETE", _APPLICATION, Empty(), applications.delete, "5", ability=_WRITE),
    Endpoint(
        "POST",
        f"{_APPLICATION}/avatar",
        One(APPLICATION),
        avatars.upload,
        "5",
        ability=_WRITE,
        upload=True,
        errors=(InvalidError,),
    ),
    Endpoint("DELETE", f"{_APPLICATION}/avatar", Empty(), avatars.delete, "5", ability=_WRITE),
    Endpoint("GET", "/avatars/{application}/{digest}", Other("image/*"), avatars.show, "ours", ability=None),
)
_DEPLOYMENTS = (
    Endpoint(
        "GET",
        f"{_ENVIRONMENT}/deployments",
        Many(DEPLOYMENT),
        deployments.index,
        "6",
        ability=_READ,
        relations=deployments.RELATIONS,
        filters=deployments_store.FILTERS,
    ),
    Endpoint(
        "POST", f"{_ENVIRONMENT}/deployments", One(DEPLOYMENT, 201), deployments.create, "6", ability=_WRITE
    ),
    Endpoint(
        "GET",
        "/api/deployments/{deployment}",
        One(DEPLOYMENT),
        deployments.show,
        "6",
        ability=_READ,
        relations=deployments.RELATIONS,
    ),
    Endpoint(
        "GET",
        "/api/deployments/{deployment}/logs",
        Plain(DeploymentLogs),
        deployments.logs,
        "6",
        ability=_READ,
    ),
)
_META = (
    Endpoint(
        "GET",
        "/api/meta/regions",
        Plain(meta.Regions),
        meta.regions,
        "8",
        ability=_READ,
        limited_tokens=True,
    ),
    Endpoint(
        "GET",
        "/api/ip",
        Plain(dict[str, meta.Addresses]),
        meta.addresses,
        "8",
        ability=_READ,
        limited_tokens=True,
        bucket=Bucket.IP,
    ),
    Endpoint(
        "GET",
        "/api/organizations/{organization}",
        One(ORGANIZATION),
        meta.organization_by_slug,
        "8",
        ability=_READ,
        limited_tokens=True,
    ),
)
_SIGN_IN = (
    Endpoint(
        "POST",
        "/api/cli/auth-sessions",
        Plain(sign_ins.SignInBegun),
        sign_ins.begin,
        "9",
        ability=None,
        request=sign_ins.BeginSignIn,
    ),
    Endpoint(
        "POST",
        "/api/cli/auth-sessions/exchange",
        Plain(sign_ins.GivenTokens),
        sign_ins.exchange,
        "9",
        ability=None,
        request=sign_ins.ExchangeCode,
    ),
    Endpoint(
        "GET",
        "/sign-in/{session}",
        Other(sign_ins.HTML),
        sign_ins.page,
        "9",
        ability=None,
        parameters=(_UNKNOWN,),
    ),
    Endpoint("POST", "/sign-in/{session}", Empty(303), sign_ins.prove, "9", ability=None, upload=True),
)

_COMMANDS = (
    Endpoint(
        "GET",
        f"{_ENVIRONMENT}/commands",
        Many(COMMAND),
        commands.index,
        "7",
        ability=_READ,
        relations=commands.RELATIONS,
        filters=commands_store.FILTERS,
    ),
    Endpoint(
        "POST",
        f"{_ENVIRONMENT}/commands",
        One(COMMAND, 201),
        commands.create,
        "7",
        ability=_WRITE,
        request=RunCommand,
    ),
    Endpoint(
        "GET",
        "/api/commands/{command}",
        One(COMMAND),
        commands.show,
        "7",
        ability=_READ,
        relations=commands.RELATIONS,
    ),
)

ROWS: tuple[Endpoint, ...] = (
    *_INSTANCES,
    *_MANAGED_QUEUES,
    *_ENVIRONMENTS,
    *_APPLICATIONS,
    *_DEPLOYMENTS,
    *_COMMANDS,
    *_META,
    *_SIGN_IN,
)
