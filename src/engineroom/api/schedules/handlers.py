"""Schedules of environments, and what was run for them. Ours."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection

from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.inclusion import list_answer
from engineroom.api.document.jsonapi import Document, encode
from engineroom.api.document.validation import Boolean, Text, validate
from engineroom.api.http.errors import NotFoundError
from engineroom.api.schedules import resource as shown
from engineroom.control import cron
from engineroom.model.ids import EnvironmentId, InstanceId
from engineroom.model.instances.schedule import Schedule, ScheduledRun, ScheduleEntry
from engineroom.store.queries import environments, instances, schedules
from engineroom.store.queries.paging import Page

_MAX_ENTRIES = 50


def _command(value: object) -> object:
    # Trimmed to nothing, an empty text has become null on its way here.
    return "" if value is None else value


class EntryFields(BaseModel):
    """A command at the minutes of a cron expression."""

    model_config = ConfigDict(frozen=True)

    expression: Text
    command: Text
    timezone: Text = "UTC"

    @model_validator(mode="after")
    def _means_something(self) -> "EntryFields":
        try:
            cron.check(self.expression, self.timezone)
        except cron.InvalidCronError as error:
            raise PydanticCustomError("cron", "{reason}", {"reason": str(error)}) from None
        return self


class PutSchedule(BaseModel):
    """The whole schedule of an environment; what is not given is as for one that asks for nothing."""

    model_config = ConfigDict(frozen=True)

    command: Annotated[Text, BeforeValidator(_command)] = Schedule().command
    every_replica: Boolean = False
    entries: Annotated[list[EntryFields], Field(max_length=_MAX_ENTRIES)] = []

    def schedule(self) -> Schedule:
        """Return the schedule."""
        entries = tuple(ScheduleEntry(**entry.model_dump()) for entry in self.entries)
        return Schedule(command=self.command, every_replica=self.every_replica, entries=entries)


async def show(call: Call) -> Answer:
    """Show what an environment's scheduler runs, and when."""
    environment_id = EnvironmentId(call.id("environment"))

    def read(connection: Connection) -> Schedule:
        _require_environment(connection, call, environment_id)
        return schedules.schedule(connection, environment_id)

    return _answer(environment_id, await call.read(read))


async def put(call: Call) -> Answer:
    """Replace what an environment's scheduler runs."""
    environment_id = EnvironmentId(call.id("environment"))
    await call.read(lambda connection: _require_environment(connection, call, environment_id))
    given = validate(PutSchedule, await call.fields()).schedule()
    await call.control.store.write(lambda connection: schedules.put(connection, environment_id, given))
    return _answer(environment_id, given)


async def runs(call: Call) -> Answer:
    """List what was run for an instance, newest first."""
    instance_id = InstanceId(call.id("instance"))

    def read(connection: Connection) -> Page[ScheduledRun]:
        if instances.find(connection, call.organization_id, instance_id) is None:
            raise NotFoundError
        return schedules.page(connection, instance_id, call.page)

    return await list_answer(call, read, shown.show_run)


def _require_environment(connection: Connection, call: Call, environment_id: EnvironmentId) -> None:
    if environments.find(connection, call.organization_id, environment_id) is None:
        raise NotFoundError


def _answer(environment_id: EnvironmentId, schedule: Schedule) -> Answer:
    return Answer(encode(Document(shown.show(environment_id, schedule))))
