"""What a request contained and nothing was made of, told in a header: the contract's answers have no room for it."""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel
from starlette.datastructures import QueryParams

from engineroom.api.calls.endpoint import Endpoint

HEADER = "engineroom-ignored"
_MAX = 50
_MAX_NAME_LENGTH = 100
_SAFE = "[].-_=*"

_noted: ContextVar[list[str]] = ContextVar("_noted")


def begin() -> None:
    """Begin a request, of which nothing was ignored yet."""
    _noted.set([])


def note(model: BaseModel, given: Mapping[str, Any]) -> None:
    """Note the fields that were given and that nothing was made of."""
    noted = _noted.get(None)
    if noted is not None:
        noted += _fields(model, given, "")


def note_query(endpoint: Endpoint, given: QueryParams) -> None:
    """Note the parameters of the query, and the relations, that the endpoint does not know."""
    known = {"page", "include", *(f"filter[{name}]" for name in endpoint.filters)}
    known.update(parameter.name for parameter in endpoint.parameters)
    unknown = [name for name in given if name not in known]
    included = [name for name in given.get("include", "").split(",") if name]
    unknown += [f"include={name}" for name in included if name not in endpoint.relations]
    _noted.get([]).extend(unknown)


def header() -> dict[str, str]:
    """Return the header that names what was ignored; none when nothing was."""
    noted = list(dict.fromkeys(_noted.get([])))[:_MAX]
    return (
        {
            HEADER: ", ".join(
                quote(name[:_MAX_NAME_LENGTH], safe=_SAFE, errors="backslashreplace") for name in noted
            )
        }
        if noted
        else {}
    )


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
