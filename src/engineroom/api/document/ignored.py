"""What a request contained and nothing was made of: a header of the answer names it, as no body has room for it."""

from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

HEADER = "engineroom-ignored"
_MAX_NAMES = 50
_MAX_NAME_LENGTH = 100
_SAFE = "[].-_=*"

_noted: ContextVar[list[str]] = ContextVar("_noted")


def begin() -> None:
    """Begin a request, of which nothing was ignored yet."""
    _noted.set([])


def note(names: Iterable[str]) -> None:
    """Note names of what was ignored."""
    _noted.get([]).extend(names)


def note_fields(model: BaseModel, given: Mapping[str, Any]) -> None:
    """Note the fields that were given and that nothing was made of."""
    note(_fields(model, given, ""))


def header() -> dict[str, str]:
    """Return the header that names what was ignored; none when nothing was."""
    names = list(dict.fromkeys(_noted.get([])))[:_MAX_NAMES]
    quoted = [quote(name[:_MAX_NAME_LENGTH], safe=_SAFE, errors="backslashreplace") for name in names]
    return {HEADER: ", ".join(quoted)} if quoted else {}


def _fields(model: BaseModel, given: Mapping[str, Any], prefix: str) -> Iterator[str]:
    names = {field.alias or name: name for name, field in type(model).model_fields.items()}
    for key, value in given.items():
        made = getattr(model, names[key], None) if key in names else None
        if key not in names or names[key] not in model.model_fields_set or (made is None and _says(value)):
            yield f"{prefix}{key}"
        elif isinstance(made, BaseModel) and isinstance(value, Mapping):
            yield from _fields(made, value, f"{prefix}{key}.")
        elif isinstance(made, list) and isinstance(value, list):
            for number, (one, of) in enumerate(zip(made, value, strict=False)):
                if isinstance(one, BaseModel) and isinstance(of, Mapping):
                    yield from _fields(one, of, f"{prefix}{key}.{number}.")


def _says(value: Any) -> bool:
    """Return whether a value is more than nothing, which clears a field."""
    return value not in (None, "", [], {})
