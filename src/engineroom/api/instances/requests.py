"""What a request for an instance may say (contract sheet, sections 3.3 and 3.4), and what it makes of one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engineroom.api.background_processes.requests import CreateBackgroundProcess
from engineroom.api.document.fields import Boolean, Integer, Text, integer, prohibited
from engineroom.api.http.errors import InvalidError
from engineroom.api.managed_queues.absence import NONE_HERE
from engineroom.model.applications.environment import Environment
from engineroom.model.ids import EnvironmentId, InstanceId, new_instance_id
from engineroom.model.instances import sizes
from engineroom.model.instances.instance import HOST_SIZE, Instance, InstanceType, ScalingType
from engineroom.model.processes.background_process import BackgroundProcess

MAXIMUM_REPLICAS = 100
_MAXIMUM_WHEN_AUTOMATIC = 10


def _known_size(name: str) -> str:
    if name != HOST_SIZE and sizes.find(name) is None:
        raise PydanticCustomError("enum", "no size")
    return name


def _creatable(kind: InstanceType) -> InstanceType:
    if kind is InstanceType.MANAGED_QUEUE:
        raise prohibited(f"cannot be managed_queue: {NONE_HERE.rstrip('.')}")
    if kind is not InstanceType.SERVICE:
        raise PydanticCustomError("enum", "not creatable")
    return kind


Name = Annotated[Text, Field(min_length=3, max_length=40)]
SizeName = Annotated[Text, AfterValidator(_known_size)]
Replicas = Annotated[int, Field(ge=1, le=MAXIMUM_REPLICAS), BeforeValidator(integer)]
Percentage = Annotated[int, Field(ge=50, le=95), BeforeValidator(integer)]
Minutes = Annotated[int, Field(ge=1, le=60), BeforeValidator(integer)]
PollingSeconds = Minutes
VisibilitySeconds = Annotated[int, Field(ge=0, le=43200), BeforeValidator(integer)]


class UpdateInstance(BaseModel):
    """A change. What is not given stays as it is, and so does what is null and cannot be."""

    model_config = ConfigDict(frozen=True)

    name: Name | None = None
    size: SizeName | None = None
    scaling_type: ScalingType | None = None
    min_replicas: Replicas | None = None
    max_replicas: Replicas | None = None
    uses_scheduler: Boolean | None = None
    uses_octane: Boolean | None = None
    uses_inertia_ssr: Boolean | None = None
    sleep_with_app: Boolean | None = None
    hibernation_timeout: Integer | None = None
    uses_sleep_mode: Boolean | None = None
    sleep_timeout: Minutes | None = None
    scaling_cpu_threshold_percentage: Percentage | None = None
    scaling_memory_threshold_percentage: Percentage | None = None
    visibility_timeout: VisibilitySeconds | None = None
    polling_interval: PollingSeconds | None = None
    shutdown_timeout: Integer | None = None

    def applied_to(self, before: Instance, environment: Environment) -> tuple[Instance, Environment]:
        """Return what the instance and its environment become. Raises InvalidError."""
        after = replace(before, **self._always_something(), **self._clearable())
        _check_replicas(after)
        return after, self._environment(environment)

    def _always_something(self) -> dict[str, Any]:
        names = (
            "name",
            "size",
            "scaling_type",
            "min_replicas",
            "max_replicas",
            "uses_scheduler",
            "sleep_with_app",
        )
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def _clearable(self) -> dict[str, Any]:
        """Return what null clears, where it was given."""
        fields = {
            "scaling_cpu_threshold_percentage": "scaling_cpu_threshold_percentage",
            "scaling_memory_threshold_percentage": "scaling_memory_threshold_percentage",
            "shutdown_timeout": "shutdown_timeout_seconds",
        }
        return {of: getattr(self, name) for name, of in fields.items() if name in self.model_fields_set}

    def _environment(self, before: Environment) -> Environment:
        """Return what the environment becomes: Octane, server-side rendering and sleep are its own."""
        settings = before.settings
        if self.uses_octane is not None:
            settings = replace(settings, uses_octane=self.uses_octane)
        if self.uses_inertia_ssr is not None:
            settings = replace(settings, uses_inertia_ssr=self.uses_inertia_ssr)
        if self.sleep_timeout is not None:
            settings = replace(settings, sleep_timeout_minutes=self.sleep_timeout)
        timeout = before.hibernation_timeout_minutes
        if "hibernation_timeout" in self.model_fields_set:
            timeout = self.hibernation_timeout or None
        elif self.uses_sleep_mode is not None:
            timeout = settings.sleep_timeout_minutes if self.uses_sleep_mode else None
        elif self.sleep_timeout is not None and timeout is not None:
            timeout = self.sleep_timeout
        return replace(before, settings=settings, hibernation_timeout_minutes=timeout)


class CreateInstance(BaseModel):
    """A new instance. The timeouts of managed queues may be sent, and mean nothing for a service."""

    model_config = ConfigDict(frozen=True)

    name: Name
    type: Annotated[InstanceType, AfterValidator(_creatable)]
    size: SizeName
    scaling_type: ScalingType
    min_replicas: Replicas | None = None
    max_replicas: Replicas | None = None
    uses_scheduler: Boolean | None = None
    sleep_with_app: Boolean | None = None
    scaling_cpu_threshold_percentage: Percentage | None = None
    scaling_memory_threshold_percentage: Percentage | None = None
    visibility_timeout: VisibilitySeconds | None = None
    polling_interval: PollingSeconds | None = None
    shutdown_timeout: Integer | None = None
    background_processes: Annotated[
        list[CreateBackgroundProcess], Field(max_length=1000), BeforeValidator(lambda value: value or [])
    ] = []

    def made(self, environment_id: EnvironmentId) -> Instance:
        """Return the new instance of an environment. Raises InvalidError."""
        automatic = self.scaling_type is ScalingType.AUTO
        if self.min_replicas is None and not automatic:
            raise InvalidError({"min_replicas": ["The min replicas field is required."]})
        least = self.min_replicas or 1
        most = self.max_replicas or max(least, _MAXIMUM_WHEN_AUTOMATIC if automatic else least)
        made = Instance(
            id=new_instance_id(),
            environment_id=environment_id,
            name=self.name,
            type=self.type,
            size=self.size,
            scaling_type=self.scaling_type,
            min_replicas=least,
            max_replicas=most,
            shutdown_timeout_seconds=self.shutdown_timeout,
            uses_scheduler=bool(self.uses_scheduler),
            sleep_with_app=self.sleep_with_app,
            scaling_cpu_threshold_percentage=self.scaling_cpu_threshold_percentage,
            scaling_memory_threshold_percentage=self.scaling_memory_threshold_percentage,
            created_at=datetime.now(UTC),
        )
        _check_replicas(made)
        return made

    def processes_made(self, instance_id: InstanceId) -> Sequence[BackgroundProcess]:
        """Return the background processes that are to be on the new instance."""
        return [fields.made(instance_id) for fields in self.background_processes]


def _check_replicas(instance: Instance) -> None:
    if instance.max_replicas < instance.min_replicas:
        least = instance.min_replicas
        raise InvalidError({"max_replicas": [f"The max replicas field must be at least {least}."]})
