"""Changing the variables of an environment (contract sheet, section 4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engineroom.model.applications.unreadable import Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariable:
    """One variable that every process of the environment gets."""

    key: str
    value: str


Variables = tuple[EnvironmentVariable, ...]


def unreadable(variables: Variables) -> str | None:
    """Return which of the variables cannot be read and why; None when all can. Nothing is to be started without them."""
    reasons = [f"{each.key}: {each.value.reason}" for each in variables if isinstance(each.value, Unreadable)]
    return "; ".join(reasons) or None


class VariablesMethod(StrEnum):
    """Contract sheet, section 4.5."""

    APPEND = "append"
    SET = "set"


class UnknownKeysError(Exception):
    """Variables were to be deleted that are not there; nothing was."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(f"The environment has no variable {', '.join(keys)}; nothing was deleted.")
        self.keys = keys


def appended(before: Variables, new: Variables) -> Variables:
    """Return the variables with new ones at the end, whether or not their keys are there already."""
    return (*before, *new)


def updated(before: Variables, new: Variables) -> Variables:
    """Return the variables with each new one in the place of those with its key, or at the end."""
    after = list(before)
    for variable in new:
        places = [place for place, old in enumerate(after) if old.key == variable.key]
        for place in places:
            after[place] = variable
        if not places:
            after.append(variable)
    return tuple(after)


def without(before: Variables, keys: Sequence[str]) -> Variables:
    """Return the variables without these keys. Raises UnknownKeysError when one of them is not there."""
    known = {variable.key for variable in before}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise UnknownKeysError(unknown)
    return tuple(variable for variable in before if variable.key not in keys)
