"""Answer for the schedules of environments, and for what was run for them."""

from sqlalchemy import Connection

from engineroom.api.calls.answers import list_answer, shown
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.schedules import resource
from engineroom.api.schedules.requests import PutSchedule
from engineroom.model.applications.environment import Environment
from engineroom.model.instances.instance import Instance
from engineroom.model.instances.schedule import ScheduledRun
from engineroom.store.queries import scheduled_runs, schedules
from engineroom.store.queries.paging import Page


async def show(call: Call, environment: Environment) -> Answer:
    """Show what an environment's scheduler runs, and when."""
    found = await call.read(lambda connection: schedules.schedule(connection, environment.id))
    return shown(resource.show(environment.id, found))


async def put(call: Call, environment: Environment) -> Answer:
    """Replace what an environment's scheduler runs."""
    given = validate(PutSchedule, await call.fields()).schedule()
    await call.write(lambda connection: schedules.put(connection, environment.id, given))
    return shown(resource.show(environment.id, given))


async def runs(call: Call, instance: Instance) -> Answer:
    """List what was run for an instance, newest first."""

    def read(connection: Connection) -> Page[ScheduledRun]:
        return scheduled_runs.page(connection, instance.id, call.query.page)

    return await list_answer(call, read, resource.show_run)
