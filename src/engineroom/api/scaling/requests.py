"""What a change of how a background process is scaled may say, and what a replay tries."""

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engineroom.api.background_processes.requests import Processes
from engineroom.api.document.fields import Boolean, Integer, NamingChoices, Text, integer
from engineroom.model.processes.background_process import StrategyType
from engineroom.model.scaling.settings import ScalingSettings

_MAX_SLEEP_SECONDS = 7 * 86_400
SleepAfter = Annotated[int, Field(ge=1, le=_MAX_SLEEP_SECONDS), BeforeValidator(integer)]


class UpdateScaling(BaseModel):
    """A change of how a background process is scaled; what is not given stays as it is."""

    model_config = ConfigDict(frozen=True)

    dry_run: Boolean = False
    restart_when_stalled: Boolean = False
    connection: Text | None = None
    queue: Text | None = None
    sleep_after_seconds: SleepAfter | None = None

    def applied_to(self, before: ScalingSettings) -> ScalingSettings:
        """Return what the settings become."""
        return replace(before, **self.model_dump(exclude_unset=True))


class ReplayScaling(BaseModel):
    """Another setting, to be tried on what was measured."""

    model_config = ConfigDict(frozen=True)

    strategy_type: Annotated[StrategyType, NamingChoices]
    strategy_threshold: Integer | None = None
    processes: Processes | None = None
