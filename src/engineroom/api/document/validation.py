"""Checking the fields of a request: all of them at once, wrong ones named in Laravel's words."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from engineroom.api.document import ignored
from engineroom.api.http.errors import InvalidError

MAX_INTEGER = 2_147_483_647
MAX_TEXT_LENGTH = 4096
"""No program gets an argument of more than 128 KiB; no command that a person wrote comes near this."""

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_BOOLEANS: Mapping[Any, bool] = {True: True, False: False, "1": True, "0": False}

_WORDS = {
    "missing": "The {field} field is required.",
    "greater_than_equal": "The {field} field must be at least {ge}.",
    "less_than_equal": "The {field} field must not be greater than {le}.",
    "string_type": "The {field} field must be a string.",
    "string_too_long": "The {field} field must not be greater than {max_length} characters.",
    "string_too_short": "The {field} field must be at least {min_length} characters.",
    "too_long": "The {field} field must not have more than {max_length} items.",
    "list_type": "The {field} field must be an array.",
    "prohibited": "The {field} field {reason}.",
    "string_unicode": "The {field} field format is invalid.",
    "enum": "The selected {field} is invalid.",
    "model_type": "The {field} field must be an array.",
    "integer": "The {field} field must be an integer.",
    "boolean": "The {field} field must be true or false.",
    "after_now": "The {field} field must be a date after now.",
    "too_short": "The {field} field must have at least {min_length} items.",
    "frozen_set_type": "The {field} field must be an array.",
    "required_if": "The {field} field is required when {other} is {value}.",
    "date": "The {field} field must be a valid date.",
    "format": "The {field} field format is invalid.",
    "cron": "The {field} field cannot be followed: {reason}.",
}


def integer(value: Any) -> Any:
    """Return the integer that a client means: clients send numbers as text (contract sheet, section 1.13)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PydanticCustomError("integer", "not an integer")
    if isinstance(value, str):
        # Twenty digits are beyond every limit already; more would only cost time.
        if not _INTEGER.fullmatch(value):
            raise PydanticCustomError("integer", "not an integer")
        return int(value[:20])
    if isinstance(value, float) and not value.is_integer():
        raise PydanticCustomError("integer", "not an integer")
    return max(min(int(value), MAX_INTEGER + 1), -MAX_INTEGER)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool | int | str) and value in _BOOLEANS:
        return _BOOLEANS[value]
    raise PydanticCustomError("boolean", "not a boolean")


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("format", "a NUL character")
    return value


def _listless(value: Any) -> Any:
    """Return an object for a list: PHP writes an empty object as `[]`, and a list has none of our fields anyway."""
    return {} if isinstance(value, list) or value is None else value


def _flag(value: str) -> bool:
    return _boolean({"true": True, "false": False}.get(value.lower(), value))


Integer = Annotated[int, Field(ge=0, le=MAX_INTEGER), BeforeValidator(integer)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Flag = Annotated[bool, BeforeValidator(_flag)]
"""A boolean in the query, where everything is text."""
Text = Annotated[str, Field(max_length=MAX_TEXT_LENGTH), AfterValidator(_without_nul)]
Listless = BeforeValidator(_listless)

Fields = TypeVar("Fields", bound=BaseModel)


def prohibited(reason: str) -> PydanticCustomError:
    """Return the error of a field whose value cannot be taken here; `reason` ends its sentence."""
    return PydanticCustomError("prohibited", "prohibited", {"reason": reason})


def validate(model: type[Fields], fields: Mapping[str, Any], context: object = None) -> Fields:
    """Return the fields of a body as `model` has them; `context` is for validators that must know more than the request.

    Raises InvalidError with every wrong field.
    """
    made = _made(model, fields, context)
    ignored.note(made, fields)
    return made


def validate_parameters(model: type[Fields], given: Mapping[str, str]) -> Fields:
    """Return the parameters of a query as `model` has them: the endpoint's own list says which of them are known.

    Raises InvalidError with every wrong one.
    """
    return _made(model, given, None)


def _made(model: type[Fields], fields: Mapping[str, Any], context: object) -> Fields:
    try:
        return model.model_validate(fields, context=context)
    except ValidationError as error:
        details = error.errors(include_url=False)
    raise InvalidError({".".join(map(str, found["loc"])): [in_words(found)] for found in details})


def required_if(other: str, value: str) -> PydanticCustomError:
    """Return the error of a field that is required because of another field's value."""
    return PydanticCustomError("required_if", "required", {"other": other, "value": value})


def in_words(found: ErrorDetails) -> str:
    """Return what is wrong with a field. A null where none may be is a field that is missing."""
    kind = found["type"]
    if found["input"] is None and kind != "required_if":
        kind = "missing"
    elif kind in ("too_short", "too_long") and isinstance(found["input"], str):
        # Behind another validator, pydantic no longer knows a text from a list.
        kind = f"string_{kind}"
    field = ".".join(map(str, found["loc"])).replace("_", " ")
    return _WORDS.get(kind, _WORDS["format"]).format(field=field, **found.get("ctx", {}))
