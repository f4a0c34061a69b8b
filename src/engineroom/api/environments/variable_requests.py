"""What a request for the variables of an environment may say (contract sheet, section 4.5)."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engineroom.api.document.fields import Boolean, Text
from engineroom.api.http.errors import InvalidError
from engineroom.control.changes.env_text import KEY, MAX_VALUE_LENGTH, EnvTextError, variables_in
from engineroom.model.applications.variables import EnvironmentVariable, Variables, VariablesMethod


def _without_nul(value: str) -> str:
    if "\0" in value or len(value.encode()) > MAX_VALUE_LENGTH:
        raise PydanticCustomError("format", "not for processes")
    return value


class VariableFields(BaseModel):
    """One variable; its value may be empty."""

    model_config = ConfigDict(frozen=True)

    key: Annotated[Text, Field(pattern=KEY)]
    value: Annotated[str, AfterValidator(_without_nul)]

    def variable(self) -> EnvironmentVariable:
        """Return the variable."""
        return EnvironmentVariable(key=self.key, value=self.value)


ListedVariables = Annotated[list[VariableFields], Field(min_length=1, max_length=200)]


class ChangeVariables(BaseModel):
    """Variables to be added or set. `apply` is ours: whether processes get them now, or by the next deployment."""

    model_config = ConfigDict(frozen=True)

    method: VariablesMethod
    variables: ListedVariables
    apply: Boolean | None = None

    def new(self) -> Variables:
        """Return the variables that were sent."""
        return tuple(fields.variable() for fields in self.variables)


class DeleteVariables(BaseModel):
    """Variables to be deleted: all of them, or none."""

    model_config = ConfigDict(frozen=True)

    keys: Annotated[list[Text], Field(min_length=1, max_length=1000)]
    apply: Boolean | None = None


class ReplaceVariables(BaseModel):
    """All variables, as a list or as the text of a `.env` file."""

    model_config = ConfigDict(frozen=True)

    variables: Annotated[list[VariableFields], Field(max_length=1000)] | None = None
    content: str | None = None
    apply: Boolean | None = None

    def new(self) -> Variables:
        """Return the variables that were sent. Raises InvalidError."""
        if self.variables is not None:
            return tuple(fields.variable() for fields in self.variables)
        if self.content is not None:
            return _parsed(self.content)
        raise InvalidError({"variables": ["The variables field is required when content is not present."]})


def _parsed(content: str) -> Variables:
    """Return the variables in the text of a `.env` file. Raises InvalidError."""
    try:
        return variables_in(content)
    except EnvTextError as error:
        raise InvalidError(
            {"content": [f"The content field cannot be read as a .env file: {error}."]}
        ) from None
