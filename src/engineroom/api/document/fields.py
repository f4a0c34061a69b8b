"""The kinds of fields that requests have, as clients send them (contract sheet, section 1.13)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

MAX_INTEGER = 2_147_483_647
MAX_TEXT_LENGTH = 4096
"""No program gets an argument of more than 128 KiB; no command that a person wrote comes near this."""

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_BOOLEANS: Mapping[Any, bool] = {True: True, False: False, "1": True, "0": False}


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


def _naming_choices(value: Any, inner: ValidatorFunctionWrapHandler) -> Any:
    try:
        return inner(value)
    except ValidationError as error:
        expected = error.errors(include_url=False)[0].get("ctx", {}).get("expected")
        if expected is None:
            raise
        raise PydanticCustomError("choice", "not a choice", {"choices": expected}) from None


Integer = Annotated[int, Field(ge=0, le=MAX_INTEGER), BeforeValidator(integer)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Flag = Annotated[bool, BeforeValidator(_flag)]
"""A boolean in the query, where everything is text."""
Text = Annotated[str, Field(max_length=MAX_TEXT_LENGTH), AfterValidator(_without_nul)]
Listless = BeforeValidator(_listless)
NamingChoices = WrapValidator(_naming_choices)
"""Has a wrong choice answered with those that there are: for what is ours, as the contract's words name none."""


def prohibited(reason: str) -> PydanticCustomError:
    """Return the error of a field whose value cannot be taken here; `reason` ends its sentence."""
    return PydanticCustomError("prohibited", "prohibited", {"reason": reason})


def required_if(other: str, value: str) -> PydanticCustomError:
    """Return the error of a field that is required because of another field's value."""
    return PydanticCustomError("required_if", "required", {"other": other, "value": value})
