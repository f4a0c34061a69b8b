"""What a request for a command may say (contract sheet, section 7)."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engineroom.model.applications.command import MAX_COMMAND_LENGTH


def _runnable(value: str) -> str:
    if "\0" in value or not value.strip():
        raise PydanticCustomError("format", "not a command")
    return value


class RunCommand(BaseModel):
    """A command to be run once."""

    model_config = ConfigDict(frozen=True)

    command: Annotated[str, Field(min_length=1, max_length=MAX_COMMAND_LENGTH), AfterValidator(_runnable)]
