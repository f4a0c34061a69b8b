"""Answer for the variables of an environment (contract sheet, section 4.5)."""

from engineroom.api.calls.answers import written
from engineroom.api.calls.call import Call
from engineroom.api.document.validation import validate
from engineroom.api.environments import resource
from engineroom.api.environments.variable_requests import ChangeVariables, DeleteVariables, ReplaceVariables
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import InvalidError
from engineroom.control.changes import environments as change
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.variables import (
    UnknownKeysError,
    VariablesMethod,
    appended,
    updated,
    without,
)

_VERBATIM = frozenset({"variables", "content"})
"""Blanks around a variable's value are part of it, and an empty one is a value."""


async def change_variables(call: Call, environment: Environment) -> Answer:
    """Append variables, or set them."""
    fields = validate(ChangeVariables, await call.fields(_VERBATIM))
    how = appended if fields.method is VariablesMethod.APPEND else updated
    return await _change(call, environment, lambda before: how(before, fields.new()), fields.apply)


async def delete_variables(call: Call, environment: Environment) -> Answer:
    """Delete variables: all that are named, or none."""
    fields = validate(DeleteVariables, await call.fields())
    try:
        return await _change(call, environment, lambda before: without(before, fields.keys), fields.apply)
    except UnknownKeysError as error:
        raise InvalidError({"keys": [str(error)]}) from None


async def replace_variables(call: Call, environment: Environment) -> Answer:
    """Replace all variables."""
    fields = validate(ReplaceVariables, await call.fields(_VERBATIM))
    new = fields.new()
    return await _change(call, environment, lambda _before: new, fields.apply)


async def _change(
    call: Call, environment: Environment, how: change.ChangeVariables, apply: bool | None
) -> Answer:
    after, operation = await change.change_variables(
        call.control, call.token, environment.id, how, at_once=apply
    )
    return written(resource.show(call.viewer, after), operation)
