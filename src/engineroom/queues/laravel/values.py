"""Values of PHP, as far as a configuration has them."""

import re
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class UnreadableValue:
    """What cannot be told without PHP, and where it stands."""

    reason: str


Key: TypeAlias = str | int
Value: TypeAlias = "bool | int | float | str | UnreadableValue | dict[Key, Value] | None"
Array: TypeAlias = dict[Key, Value]


def array(values: list[Value]) -> Array:
    """Return a list as PHP has it."""
    return dict(enumerate(values))


def of_json(found: object) -> Value:
    """Return what was decoded from JSON. Raises TypeError for anything else."""
    if isinstance(found, dict):
        return {_key(key): of_json(value) for key, value in found.items()}
    if isinstance(found, list):
        return array([of_json(value) for value in found])
    if found is None or isinstance(found, bool | int | float | str):
        return found
    raise TypeError(f"{type(found).__name__} is no value of a configuration")


def _key(text: str) -> Key:
    """Return the key of an array: PHP keeps what looks like an integer as one."""
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) else text


def as_key(value: Value) -> Key | UnreadableValue:
    """Return a value as the key of an array."""
    match value:
        case bool() | int():
            return int(value)
        case str():
            return _key(value)
        case None:
            return ""
        case UnreadableValue():
            return value
        case _:
            return UnreadableValue("a key that is neither a text nor an integer")


def as_text(value: Value) -> str | UnreadableValue:
    """Return `(string) $value`."""
    match value:
        case None | False:
            return ""
        case True:
            return "1"
        case str() | int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case UnreadableValue():
            return value
        case dict():
            return UnreadableValue("an array where a text should be")


def as_integer(value: Value) -> int | UnreadableValue:
    """Return `(int) $value`."""
    match value:
        case None | False:
            return 0
        case True:
            return 1
        case int() | float():
            return int(value)
        case str():
            found = re.match(r"[ \t\n\r\v\f]*([+-]?[0-9]{1,18})", value)
            return int(found[1]) if found else 0
        case UnreadableValue():
            return value
        case dict():
            return int(bool(value))


def as_boolean(value: Value) -> bool | UnreadableValue:
    """Return `(bool) $value`."""
    if isinstance(value, UnreadableValue):
        return value
    return value not in ("", "0") and bool(value)
