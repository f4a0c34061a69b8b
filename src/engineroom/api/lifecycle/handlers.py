"""How the processes of a background process are stopped, replaced and started again. Ours."""

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engineroom.api.background_processes.handlers import require
from engineroom.api.calls.answers import written
from engineroom.api.calls.call import Answer, Call
from engineroom.api.document.jsonapi import Document, encode
from engineroom.api.document.validation import integer, validate
from engineroom.api.lifecycle import resource as shown
from engineroom.control.changes import background_processes as control
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.processes.lifecycle import Lifecycle, Replacement, StopSignal, StopTarget

_MAX_STOP_SECONDS = 7 * 86_400
_MAX_CODES = 32
StopTimeout = Annotated[int, Field(ge=0, le=_MAX_STOP_SECONDS), BeforeValidator(integer)]
ExitCode = Annotated[int, Field(ge=0, le=255), BeforeValidator(integer)]


class UpdateLifecycle(BaseModel):
    """A change of how processes are stopped, replaced and started again; what is not given stays as it is."""

    model_config = ConfigDict(frozen=True)

    stop_signal: StopSignal = StopSignal.SIGTERM
    stop_target: StopTarget = StopTarget.PROGRAM
    stop_timeout: StopTimeout | None = None
    replacement: Replacement | None = None
    expected_exit_codes: Annotated[list[ExitCode], Field(max_length=_MAX_CODES)] | None = None

    def applied_to(self, before: Lifecycle) -> Lifecycle:
        """Return what it becomes."""
        return Lifecycle.of({**before.given(), **self.model_dump(exclude_unset=True)})


async def show(call: Call) -> Answer:
    """Show how the processes of a background process are stopped, replaced and started again."""
    found = await call.read(lambda connection: require(connection, call))
    return Answer(encode(Document(shown.show(found))))


async def update(call: Call) -> Answer:
    """Change how processes are stopped, replaced and started again; those that run go on."""
    before = await call.read(lambda connection: require(connection, call))
    fields = validate(UpdateLifecycle, await call.fields())

    def change(before: BackgroundProcess) -> BackgroundProcess:
        return replace(before, lifecycle=fields.applied_to(before.lifecycle))

    after, operation = await control.update(call.control, call.token, before.id, change)
    return written(shown.show(after), operation)
