"""Checking the fields of a request: all of them at once."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engineroom.api.document import ignored
from engineroom.api.document.words import in_words
from engineroom.api.http.errors import InvalidError

Fields = TypeVar("Fields", bound=BaseModel)


def validate(model: type[Fields], fields: Mapping[str, Any], context: object = None) -> Fields:
    """Return the fields of a body as `model` has them; `context` is for validators that must know more than the request.

    Raises InvalidError with every wrong field.
    """
    made = _made(model, fields, context)
    ignored.note_fields(made, fields)
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
