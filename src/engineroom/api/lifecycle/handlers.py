"""Answer for how the processes of a background process are stopped, replaced and started again."""

from dataclasses import replace

from engineroom.api.calls.answers import shown, written
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.lifecycle import resource
from engineroom.api.lifecycle.requests import UpdateLifecycle
from engineroom.control.changes import background_processes as change
from engineroom.model.processes.background_process import BackgroundProcess


async def show(_call: Call, background_process: BackgroundProcess) -> Answer:
    """Show how the processes of a background process are stopped, replaced and started again."""
    return shown(resource.show(background_process))


async def update(call: Call, background_process: BackgroundProcess) -> Answer:
    """Change how processes are stopped, replaced and started again; those that run go on."""
    fields = validate(UpdateLifecycle, await call.fields())

    def applied(before: BackgroundProcess) -> BackgroundProcess:
        return replace(before, lifecycle=fields.applied_to(before.lifecycle))

    after, operation = await change.update(call.control, call.token, background_process.id, applied)
    return written(resource.show(after), operation)
