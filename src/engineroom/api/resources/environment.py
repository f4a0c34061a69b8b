"""Environments in answers (contract sheet, section 4.2)."""

from typing import Any

from msgspec import UNSET, UnsetType

from engineroom.api.call import Call
from engineroom.api.documents import Attributes, Resource, Timestamp, timestamp
from engineroom.api.shapes import ResourceType
from engineroom.model.environment import Environment, EnvironmentStatus
from engineroom.model.token import Ability

_NETWORK_SETTINGS: dict[str, Any] = {
    "cache": {"strategy": "default"},
    "response_headers": {
        "frame": "deny",
        "content_type": "nosniff",
        "robots_tag": "index, follow",
        "hsts": {"max_age": None, "include_subdomains": False, "preload": False},
    },
    "firewall": {
        "bot_categories": [],
        "rate_limit": {"level": None, "per_minute": None, "4xx": False, "429": False},
        "under_attack_mode_started_at": None,
        "block_path": True,
    },
    "content_converter": False,
}
"""The contract's values of a fresh environment: nothing here changes them, as engineroom has no edge network."""


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
    network_settings: dict[str, Any]
    created_at: Timestamp


TYPE = ResourceType("environments", EnvironmentAttributes, has_links=True)


def show(call: Call, environment: Environment) -> Resource:
    """Return the resource of an environment. Code that was linked in place is neither built nor deployed."""
    return Resource(
        environment.id,
        TYPE.name,
        EnvironmentAttributes(
            name=environment.name,
            slug=environment.slug,
            status=environment.status,
            created_from_automation=False,
            vanity_domain=environment.vanity_domain,
            php_major_version="8.4",
            build_command=None,
            node_version="24",
            deploy_command=None,
            uses_octane=False,
            uses_hibernation=False,
            hibernation_wake_up_interval=None,
            uses_push_to_deploy=False,
            uses_deploy_hook=False,
            environment_variables=_variables(call, environment),
            network_settings=_NETWORK_SETTINGS,
            created_at=timestamp(environment.created_at),
        ),
        links={"self": {"href": f"{call.base_url}/api/environments/{environment.id}"}},
    )


def _variables(call: Call, environment: Environment) -> list[dict[str, str]] | UnsetType:
    """Return the variables, which may be secrets, only to a token that could set them."""
    if Ability.WRITE not in call.token.abilities:
        return UNSET
    return [{"key": variable.key, "value": variable.value} for variable in environment.variables]
