"""What a request for a background process may say (contract sheet, section 2.3), and what it makes of one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic import ValidatorFunctionWrapHandler as Inner

from engineroom.api.document.fields import Boolean, Integer, Listless, Text, integer, required_if
from engineroom.api.http.errors import InvalidError
from engineroom.model.ids import InstanceId, new_background_process_id
from engineroom.model.processes.background_process import (
    MAXIMUM_PROCESSES,
    MINIMUM_PROCESSES,
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)
from engineroom.model.processes.worker_config import WorkerConfig

Processes = Annotated[int, Field(ge=MINIMUM_PROCESSES, le=MAXIMUM_PROCESSES), BeforeValidator(integer)]


class ConfigFields(BaseModel):
    """The options of a worker; null clears one."""

    model_config = ConfigDict(frozen=True)

    connection: Text | None = None
    queue: Text | None = None
    tries: Integer | None = None
    backoff: Integer | None = None
    sleep: Integer | None = None
    rest: Integer | None = None
    timeout: Integer | None = None
    force: Boolean | None = None

    def over(self, config: WorkerConfig) -> WorkerConfig:
        """Return `config` with the options that were given, null ones cleared."""
        return replace(config, **self.model_dump(exclude_unset=True))


class UpdateBackgroundProcess(BaseModel):
    """A change. What is not given, or null, stays as it is; the strategy is ours and may be null.

    Validation is given the present type as its context, None for one that is only being made.
    """

    model_config = ConfigDict(frozen=True)

    type: BackgroundProcessType | None = None
    processes: Processes | None = None
    command: Annotated[Text | None, Field(validate_default=True)] = None
    config: Annotated[ConfigFields, Listless] = ConfigFields()
    strategy_type: StrategyType | None = None
    strategy_threshold: Integer | None = None

    @field_validator("command", mode="wrap")
    @classmethod
    def _of_custom(cls, value: Any, inner: Inner, info: ValidationInfo) -> Any:
        """Require a command for what becomes custom; a worker's is generated, so what is sent for it is not looked at."""
        kind = _kind(info)
        if kind is BackgroundProcessType.WORKER:
            return None
        if value is None and kind is BackgroundProcessType.CUSTOM and info.context is not kind:
            raise required_if("type", kind.value)
        return inner(value)

    @field_validator("config", mode="wrap")
    @classmethod
    def _of_worker(cls, value: Any, inner: Inner, info: ValidationInfo) -> Any:
        """Leave the options of what is custom aside: it has none."""
        return inner({} if _kind(info) is BackgroundProcessType.CUSTOM else value)

    def applied_to(self, before: BackgroundProcess) -> BackgroundProcess:
        """Return what the background process becomes."""
        kind = self.type or before.type
        given = self.model_fields_set
        after = replace(
            before,
            type=kind,
            processes=self.processes or before.processes,
            config=None,
            custom_command=None,
            strategy_type=self.strategy_type or StrategyType.NONE
            if "strategy_type" in given
            else before.strategy_type,
            strategy_threshold=self.strategy_threshold
            if "strategy_threshold" in given
            else before.strategy_threshold,
        )
        if kind is BackgroundProcessType.WORKER:
            return replace(after, config=self.config.over(before.config or WorkerConfig()))
        command = self.command or before.custom_command
        if command is None:
            # Another change made it a worker since this one was validated.
            raise InvalidError({"command": ["The command field is required when type is custom."]})
        return replace(after, custom_command=command)


class CreateBackgroundProcess(UpdateBackgroundProcess):
    """A new background process."""

    type: BackgroundProcessType
    processes: Processes

    def made(self, instance_id: InstanceId) -> BackgroundProcess:
        """Return the new background process of an instance."""
        worker = self.type is BackgroundProcessType.WORKER
        return BackgroundProcess(
            id=new_background_process_id(),
            instance_id=instance_id,
            type=self.type,
            processes=self.processes,
            config=self.config.over(WorkerConfig()) if worker else None,
            custom_command=self.command,
            strategy_type=self.strategy_type or StrategyType.NONE,
            strategy_threshold=self.strategy_threshold,
            created_at=datetime.now(UTC),
        )


def _kind(info: ValidationInfo) -> BackgroundProcessType | None:
    """Return the type that the background process will have, None when the request does not say a valid one."""
    found = info.data.get("type", info.context)
    return info.context if found is None else found
