"""The scaling of a background process: what was measured, what follows from it, and what another setting would do. Ours."""

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Connection

from engineroom.api.background_processes.requests import Processes
from engineroom.api.calls.call import Answer, Call
from engineroom.api.document.jsonapi import Document, encode
from engineroom.api.document.validation import Boolean, Integer, Text, integer, validate
from engineroom.api.http.errors import NotFoundError
from engineroom.api.scaling import resource as shown
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.scaling.observation import ScaleBounds
from engineroom.model.scaling.replay import replay
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.model.scaling.strategies import Strategy
from engineroom.store.queries import background_processes
from engineroom.store.queries.scaling import scales

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

    strategy_type: StrategyType
    strategy_threshold: Integer | None = None
    processes: Processes | None = None


async def show(call: Call) -> Answer:
    """Show how a background process is scaled: the last measurement, what follows from it, and why."""
    found, settings = await call.read(lambda connection: _require(connection, call))
    return _answer(call, found, settings)


async def update(call: Call) -> Answer:
    """Change how a background process is scaled."""
    found, _ = await call.read(lambda connection: _require(connection, call))
    fields = validate(UpdateScaling, await call.fields())

    def write(connection: Connection) -> ScalingSettings:
        background_process, before = _require(connection, call)
        after = fields.applied_to(before)
        scales.put_settings(connection, background_process.id, after)
        return after

    return _answer(call, found, await call.control.store.write(write))


async def try_out(call: Call) -> Answer:
    """Show what another setting would have decided on what was measured in the last quarter of an hour."""
    found, _ = await call.read(lambda connection: _require(connection, call))
    fields = validate(ReplayScaling, await call.fields())
    state = call.control.scaling(found.id)
    recorded = list(state.recorded) if state else []
    strategy = Strategy.of(fields.strategy_type, fields.strategy_threshold)
    limits = ScaleBounds(floor=1, ceiling=fields.processes or found.processes)
    return Answer(encode(Document(shown.show_replay(found, replay(recorded, strategy, limits)))))


def _answer(call: Call, found: BackgroundProcess, settings: ScalingSettings) -> Answer:
    return Answer(encode(Document(shown.show(found, settings, call.control.scaling(found.id)))))


def _require(connection: Connection, call: Call) -> tuple[BackgroundProcess, ScalingSettings]:
    background_process_id = BackgroundProcessId(call.id("backgroundProcess"))
    found = background_processes.find(connection, call.organization_id, background_process_id)
    if found is None:
        raise NotFoundError
    return found, scales.settings(connection, found.id)
