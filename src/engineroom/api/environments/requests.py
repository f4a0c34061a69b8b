"""What a request for an environment may say (contract sheet, sections 4.3 to 4.6), and what it makes of one."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from math import floor, isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engineroom.api.document.validation import Boolean, Integer, Text, integer, prohibited
from engineroom.api.http.errors import InvalidError
from engineroom.control.changes.defaults import NewEnvironment
from engineroom.control.changes.env_text import KEY, MAX_VALUE_LENGTH, EnvTextError, variables_in
from engineroom.model.applications.command import MAX_COMMAND_LENGTH
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.environment_settings import (
    CacheStrategy,
    Color,
    ContentType,
    Frame,
    NetworkSettings,
    NodeVersion,
    RateLimitLevel,
    RobotsTag,
    StrictTransportSecurity,
)
from engineroom.model.applications.repository import MAX_BRANCH_LENGTH
from engineroom.model.applications.variables import EnvironmentVariable, Variables, VariablesMethod
from engineroom.model.slug import slugify

_PHP_VERSION = re.compile(r"(8\.[2-5]):1")


def _path(value: str) -> str:
    """Return the path as given: a link such as `current` means each time what it points to then."""
    if not value.startswith("/") or ".." in value.split("/") or "\0" in value or not value.isprintable():
        raise prohibited("must be the absolute path of a folder, without .. in it")
    return "/" + "/".join(name for name in value.split("/") if name not in {"", "."})


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


def _without_nul(value: str) -> str:
    if "\0" in value or len(value.encode()) > MAX_VALUE_LENGTH:
        raise PydanticCustomError("format", "not for processes")
    return value


def _runnable(value: str) -> str:
    if "\0" in value or not value.strip():
        raise PydanticCustomError("format", "not a command")
    return value


Name = Annotated[Text, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9 _-]+$")]
Branch = Annotated[Text, Field(min_length=1, max_length=MAX_BRANCH_LENGTH)]
Directory = Annotated[Text, AfterValidator(_path)]
NotHere = Annotated[None, BeforeValidator(_nothing_here)]
ShellCommand = Annotated[Text, Field(max_length=2000)]


class CreateEnvironment(BaseModel):
    """A new environment. `directory` is ours: the folder whose code runs in place."""

    model_config = ConfigDict(frozen=True)

    branch: Branch
    name: Name
    cluster_id: Text | None = None
    edge_network_id: Text | None = None
    directory: Directory | None = None

    def wishes(self, os_user: str | None) -> NewEnvironment:
        """Return what is asked for; this user runs things in its folder."""
        return NewEnvironment(name=self.name, branch=self.branch, directory=self.directory, os_user=os_user)


class Hsts(BaseModel):
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
    response_headers_hsts: Hsts | None = None
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

    def _network(self, before: NetworkSettings) -> NetworkSettings:
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


class VariableFields(BaseModel):
    """One variable; its value may be empty."""

    model_config = ConfigDict(frozen=True)

    key: Annotated[Text, Field(pattern=KEY)]
    value: Annotated[str, AfterValidator(_without_nul)]

    def variable(self) -> EnvironmentVariable:
        """Return the variable."""
        return EnvironmentVariable(key=self.key, value=self.value)


ListedVariables = Annotated[list[VariableFields], Field(min_length=1, max_length=200)]


class ChangeVariables(BaseModel):
    """Variables to be added or set. `apply` is ours: whether processes get them now, or by the next deployment."""

    model_config = ConfigDict(frozen=True)

    method: VariablesMethod
    variables: ListedVariables
    apply: Boolean | None = None

    def new(self) -> Variables:
        """Return the variables that were sent."""
        return tuple(fields.variable() for fields in self.variables)


class DeleteVariables(BaseModel):
    """Variables to be deleted: all of them, or none."""

    model_config = ConfigDict(frozen=True)

    keys: Annotated[list[Text], Field(min_length=1, max_length=1000)]
    apply: Boolean | None = None


class ReplaceVariables(BaseModel):
    """All variables, as a list or as the text of a `.env` file."""

    model_config = ConfigDict(frozen=True)

    variables: Annotated[list[VariableFields], Field(max_length=1000)] | None = None
    content: str | None = None
    apply: Boolean | None = None

    def new(self) -> Variables:
        """Return the variables that were sent. Raises InvalidError."""
        if self.variables is not None:
            return tuple(fields.variable() for fields in self.variables)
        if self.content is not None:
            return _parsed(self.content)
        raise InvalidError({"variables": ["The variables field is required when content is not present."]})


class Start(BaseModel):
    """`redeploy` asks for the commit of the latest deployment; code in place is what is in its folder."""

    model_config = ConfigDict(frozen=True)

    redeploy: Boolean | None = None


class VanityDomain(BaseModel):
    """A new name for the domain."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[Text, Field(min_length=3, max_length=100, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]


class RunCommand(BaseModel):
    """A command to be run once."""

    model_config = ConfigDict(frozen=True)

    command: Annotated[str, Field(min_length=1, max_length=MAX_COMMAND_LENGTH), AfterValidator(_runnable)]


def _parsed(content: str) -> Variables:
    """Return the variables in the text of a `.env` file. Raises InvalidError."""
    try:
        return variables_in(content)
    except EnvTextError as error:
        raise InvalidError(
            {"content": [f"The content field cannot be read as a .env file: {error}."]}
        ) from None
