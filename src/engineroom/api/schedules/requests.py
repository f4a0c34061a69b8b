"""What a request for a schedule may say, and what it makes of one."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from engineroom.api.document.fields import Boolean, Text
from engineroom.control import cron
from engineroom.model.instances.schedule import Schedule, ScheduleEntry

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
