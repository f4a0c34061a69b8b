"""What a change of a lifecycle may say, and what it makes of one."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engineroom.api.document.fields import NamingChoices, integer
from engineroom.model.processes.lifecycle import Lifecycle, Replacement, StopSignal, StopTarget

_MAX_STOP_SECONDS = 7 * 86_400
_MAX_CODES = 32
StopTimeout = Annotated[int, Field(ge=0, le=_MAX_STOP_SECONDS), BeforeValidator(integer)]
ExitCode = Annotated[int, Field(ge=0, le=255), BeforeValidator(integer)]


class UpdateLifecycle(BaseModel):
    """A change of how processes are stopped, replaced and started again; what is not given stays as it is."""

    model_config = ConfigDict(frozen=True)

    stop_signal: Annotated[StopSignal, NamingChoices] = StopSignal.SIGTERM
    stop_target: Annotated[StopTarget, NamingChoices] = StopTarget.PROGRAM
    stop_timeout: StopTimeout | None = None
    replacement: Annotated[Replacement, NamingChoices] | None = None
    expected_exit_codes: Annotated[list[ExitCode], Field(max_length=_MAX_CODES)] | None = None

    def applied_to(self, before: Lifecycle) -> Lifecycle:
        """Return what it becomes."""
        return Lifecycle.of({**before.given(), **self.model_dump(exclude_unset=True)})
