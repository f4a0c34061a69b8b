"""Environments in answers (contract sheet, section 4.2)."""

from msgspec import UNSET, UnsetType

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Timestamp, timestamp
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.api.environments import network_settings
from engineroom.api.environments.network_settings import NetworkSettings
from engineroom.model.applications.environment import Environment, EnvironmentStatus
from engineroom.model.token import Ability


class EnvironmentAttributes(Attributes, omit_defaults=True, kw_only=True):
    """What is shown of an environment. Its variables are left out for a token that may not see them."""

    name: str
    slug: str
    status: EnvironmentStatus
    created_from_automation: bool
    vanity_domain: str
    php_major_version: str
    build_command: str | None
    node_version: str
    deploy_command: str | None
    uses_octane: bool
    uses_hibernation: bool
    hibernation_wake_up_interval: int | None
    uses_push_to_deploy: bool
    uses_deploy_hook: bool
    environment_variables: list[dict[str, str]] | UnsetType = UNSET
    network_settings: NetworkSettings
    created_at: Timestamp


TYPE = ResourceType("environments", EnvironmentAttributes, has_links=True)


def show(viewer: Viewer, environment: Environment) -> Resource:
    """Return the resource of an environment."""
    settings = environment.settings
    return Resource(
        environment.id,
        TYPE.name,
        EnvironmentAttributes(
            name=environment.name,
            slug=environment.slug,
            status=environment.status,
            created_from_automation=False,
            vanity_domain=environment.vanity_domain,
            php_major_version=settings.php_version,
            build_command=settings.build_command,
            node_version=settings.node_version,
            deploy_command=settings.deploy_command,
            uses_octane=settings.uses_octane,
            uses_hibernation=environment.hibernation_timeout_minutes is not None,
            hibernation_wake_up_interval=settings.hibernation_wake_up_interval,
            uses_push_to_deploy=settings.uses_push_to_deploy,
            uses_deploy_hook=settings.uses_deploy_hook,
            environment_variables=_variables(viewer, environment),
            network_settings=network_settings.show(settings.network),
            created_at=timestamp(environment.created_at),
        ),
        links={"self": {"href": f"{viewer.base_url}/api/environments/{environment.id}"}},
    )


def _variables(viewer: Viewer, environment: Environment) -> list[dict[str, str]] | UnsetType:
    """Return the variables, which may be secrets, only to a token that could set them."""
    if Ability.WRITE not in viewer.abilities:
        return UNSET
    return [{"key": variable.key, "value": str(variable.value)} for variable in environment.variables]
