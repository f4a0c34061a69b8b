"""What a change of an environment may say (contract sheet, section 4.4), and what it makes of one."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from math import floor, isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engineroom.api.document.fields import Boolean, Integer, Text, integer
from engineroom.api.environments.requests import Branch, Name
from engineroom.api.folders.requests import Directory
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.environment_settings import (
    CacheStrategy,
    Color,
    ContentType,
    Frame,
    NodeVersion,
    RateLimitLevel,
    RobotsTag,
    StoredNetworkSettings,
    StrictTransportSecurity,
)
from engineroom.model.slug import slugify

_PHP_VERSION = re.compile(r"(8\.[2-5]):1")


def _nothing_here(value: Any) -> None:
    """Take what detaches, and refuse what would attach something that does not exist here."""
    if value is None or value in ("", []):
        return
    raise PydanticCustomError("enum", "nothing to attach")


def _php(value: str) -> str:
    found = _PHP_VERSION.fullmatch(value)
    if found is None:
        raise PydanticCustomError("enum", "no version of PHP")
    return found[1]


def _whole(value: Any) -> Any:
    """Return the whole seconds of a number: the contract takes any, and shows an integer."""
    return floor(value) if isinstance(value, float) and isfinite(value) else value


def _text(value: Any) -> Any:
    """Return the text of a number: clients send `24` for `"24"`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


NotHere = Annotated[None, BeforeValidator(_nothing_here)]
ShellCommand = Annotated[Text, Field(max_length=2000)]


class HstsFields(BaseModel):
    """Contract sheet, section 4.4; all three are required, and the first may be null."""

    model_config = ConfigDict(frozen=True)

    max_age: Annotated[Integer, BeforeValidator(_whole)] | None
    include_subdomains: Boolean
    preload: Boolean


class UpdateEnvironment(BaseModel):
    """A change. What is not given stays as it is, and so does what is null and cannot be.

    `directory` and `applies_variables_at_once` are ours.
    """

    model_config = ConfigDict(frozen=True)

    name: Name | None = None
    slug: Text | None = None
    color: Color | None = None
    branch: Branch | None = None
    uses_push_to_deploy: Boolean | None = None
    uses_deploy_hook: Boolean | None = None
    uses_vanity_domain: Boolean | None = None
    uses_octane: Boolean | None = None
    uses_purge_edge_cache_on_deploy: Boolean | None = None
    timeout: Annotated[int, Field(ge=5, le=60), BeforeValidator(integer)] | None = None
    php_version: Annotated[Text, AfterValidator(_php)] | None = None
    node_version: Annotated[NodeVersion, BeforeValidator(_text)] | None = None
    build_command: ShellCommand | None = None
    deploy_command: ShellCommand | None = None
    database_schema_id: NotHere = None
    cache_id: NotHere = None
    websocket_application_id: NotHere = None
    filesystem_keys: NotHere = None
    sleep_timeout: Annotated[int, Field(ge=1, le=60), BeforeValidator(integer)] | None = None
    hibernation_wake_up_interval: Annotated[int, Field(ge=1, le=10080), BeforeValidator(integer)] | None = (
        None
    )
    shutdown_timeout: Annotated[int, Field(ge=1, le=600), BeforeValidator(integer)] | None = None
    nightwatch_token: Annotated[Text, Field(min_length=44, max_length=44)] | None = None
    cache_strategy: CacheStrategy | None = None
    response_headers_frame: Frame | None = None
    response_headers_content_type: ContentType | None = None
    response_headers_robots_tag: RobotsTag | None = None
    response_headers_hsts: HstsFields | None = None
    firewall_block_path: Boolean | None = None
    firewall_browser_integrity_check: Boolean | None = None
    firewall_rate_limit_level: RateLimitLevel | None = None
    firewall_under_attack_mode: Boolean | None = None
    directory: Directory | None = None
    applies_variables_at_once: Boolean | None = None

    def applied_to(self, before: Environment) -> Environment:
        """Return what the environment becomes."""
        after = replace(before, **self._given({"name": "name", "branch": "branch"}))
        if self.slug is not None:
            after = replace(after, slug=slugify(self.slug))
        if self.shutdown_timeout is not None:
            after = replace(after, shutdown_timeout_seconds=self.shutdown_timeout)
        if "directory" in self.model_fields_set:
            after = replace(after, directory=self.directory)
        if self.sleep_timeout is not None and before.hibernation_timeout_minutes is not None:
            after = replace(after, hibernation_timeout_minutes=self.sleep_timeout)
        settings = replace(
            before.settings,
            **self._given(_SETTINGS),
            **{
                name: getattr(self, name)
                for name in ("build_command", "deploy_command", "hibernation_wake_up_interval")
                if name in self.model_fields_set
            },
            network=self._network(before.settings.network),
        )
        return replace(after, settings=settings)

    def _network(self, before: StoredNetworkSettings) -> StoredNetworkSettings:
        after = replace(before, **self._given(_NETWORK))
        if self.response_headers_hsts is not None:
            after = replace(after, hsts=StrictTransportSecurity(**self.response_headers_hsts.model_dump()))
        if "firewall_rate_limit_level" in self.model_fields_set:
            after = replace(after, rate_limit_level=self.firewall_rate_limit_level)
        if self.firewall_under_attack_mode is not None:
            started_at = datetime.now(UTC) if self.firewall_under_attack_mode else None
            after = replace(after, under_attack_mode_started_at=started_at)
        return after

    def _given(self, names: dict[str, str]) -> dict[str, Any]:
        """Return what was given and is not null, by the field that it is stored in."""
        return {of: value for name, of in names.items() if (value := getattr(self, name)) is not None}


_SETTINGS = {
    "color": "color",
    "uses_push_to_deploy": "uses_push_to_deploy",
    "uses_deploy_hook": "uses_deploy_hook",
    "uses_vanity_domain": "uses_vanity_domain",
    "uses_octane": "uses_octane",
    "uses_purge_edge_cache_on_deploy": "uses_purge_edge_cache_on_deploy",
    "timeout": "timeout_minutes",
    "php_version": "php_version",
    "node_version": "node_version",
    "sleep_timeout": "sleep_timeout_minutes",
    "applies_variables_at_once": "applies_variables_at_once",
}
_NETWORK = {
    "cache_strategy": "cache_strategy",
    "response_headers_frame": "frame",
    "response_headers_content_type": "content_type",
    "response_headers_robots_tag": "robots_tag",
    "firewall_block_path": "block_path",
    "firewall_browser_integrity_check": "browser_integrity_check",
}
"""The field of a request, and the field of the model that it is stored in."""
