"""Answer for scaling: what was measured, what follows from it, and what another setting would do."""

from sqlalchemy import Connection

from engineroom.api.calls.answers import shown
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import NotFoundError
from engineroom.api.scaling import resource
from engineroom.api.scaling.requests import ReplayScaling, UpdateScaling
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.scaling.observation import ScaleBounds
from engineroom.model.scaling.replay import replay
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.model.scaling.strategies import Strategy
from engineroom.store.queries import background_processes
from engineroom.store.queries.scaling import scales


async def show(call: Call, background_process: BackgroundProcess) -> Answer:
    """Show how a background process is scaled: the last measurement, what follows from it, and why."""
    settings = await call.read(lambda connection: scales.settings(connection, background_process.id))
    return _answer(call, background_process, settings)


async def update(call: Call, background_process: BackgroundProcess) -> Answer:
    """Change how a background process is scaled."""
    fields = validate(UpdateScaling, await call.fields())

    def write(connection: Connection) -> ScalingSettings:
        if background_processes.find(connection, call.organization_id, background_process.id) is None:
            # It was deleted since the call was admitted.
            raise NotFoundError
        after = fields.applied_to(scales.settings(connection, background_process.id))
        scales.put_settings(connection, background_process.id, after)
        return after

    return _answer(call, background_process, await call.write(write))


async def try_out(call: Call, background_process: BackgroundProcess) -> Answer:
    """Show what another setting would have decided on what was measured in the last quarter of an hour."""
    fields = validate(ReplayScaling, await call.fields())
    state = call.control.scaling(background_process.id)
    recorded = list(state.recorded) if state else []
    strategy = Strategy.of(fields.strategy_type, fields.strategy_threshold)
    limits = ScaleBounds(floor=1, ceiling=fields.processes or background_process.processes)
    return shown(resource.show_replay(background_process, replay(recorded, strategy, limits)))


def _answer(call: Call, background_process: BackgroundProcess, settings: ScalingSettings) -> Answer:
    state = call.control.scaling(background_process.id)
    return shown(resource.show(background_process, settings, state))
