"""What is wrong with a field, in the words of the framework whose clients read them (contract sheet, section 1.12)."""

from pydantic_core import ErrorDetails

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
    "choice": "The selected {field} is invalid: it must be {choices}.",
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
