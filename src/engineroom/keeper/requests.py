"""What clients ask of the keeper, as typed values: whatever is not of its protocol is refused here, at the edge.

A field that is not known comes from a newer client, and is left out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from engineroom.keeper.cgroups.cgroups import CgroupLimits
from engineroom.keeper.processes.process import InvalidSpecError, JsonObject, Spec, is_name

_MAX_TIMEOUT_SECONDS = 366 * 86_400.0
_MAX_COUNT = 2**62


class RequestError(Exception):
    """A request lacks something, or has it in a wrong form; the message says what."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Have the processes of these groups together use no more than this."""

    groups: Mapping[str, CgroupLimits]

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        return cls(_limits(_field(fields, "groups")))


@dataclass(frozen=True, slots=True)
class StartRequest:
    """Have these running, in groups with these limits."""

    specs: list[Spec]
    groups: Mapping[str, CgroupLimits]

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        specs = _field(fields, "processes")
        if not isinstance(specs, list):
            raise RequestError("`processes` must be a list of specs")
        try:
            return cls([Spec.parse(spec) for spec in specs], _limits(fields.get("groups") or {}))
        except InvalidSpecError as error:
            raise RequestError(str(error)) from None


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Have these stop, and kill them after a time, or with `force` at once."""

    ids: list[str]
    timeout_seconds: float
    force: bool
    reason: str | None

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        ids, force = _field(fields, "ids"), fields.get("force", False)
        if not (isinstance(ids, list) and all(isinstance(id, str) for id in ids)):
            raise RequestError("`ids` must be a list of texts")
        if type(force) is not bool:
            raise RequestError("`force` must be true or false")
        return cls(ids, _timeout(fields), force, _text(fields, "reason"))


@dataclass(frozen=True, slots=True)
class Adjust:
    """Have these stopped in another manner from now on."""

    manners: Mapping[str, JsonObject]

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        manners = _field(fields, "manners")
        if not isinstance(manners, dict):
            raise RequestError("`manners` must be an object, with the manner of each process by its id")
        return cls(manners)


@dataclass(frozen=True, slots=True)
class Watch:
    """Tell all that there is, and then what happens, beginning with what did after an event of this epoch."""

    epoch: str | None
    after: int

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        return cls(_text(fields, "epoch"), _count(fields.get("after", 0), "after"))


@dataclass(frozen=True, slots=True)
class WatchOutput:
    """Bound each stream, and tell from now on up to where each can be read."""

    kept_bytes: int

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        return cls(_count(_field(fields, "kept_bytes"), "kept_bytes"))


@dataclass(frozen=True, slots=True)
class AcknowledgeOutput:
    """Up to where streams were read, by the names of their files."""

    upto: Mapping[str, int]

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        upto = _field(fields, "upto")
        if not isinstance(upto, dict):
            raise RequestError("`upto` must be an object, with an offset for each stream by its name")
        return cls({name: _count(offset, "upto") for name, offset in upto.items()})


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Have everything stop, and end then."""

    timeout_seconds: float

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        return cls(_timeout(fields))


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Become the program of the installation whose interpreter this is, or of one's own."""

    python: str | None

    @classmethod
    def parse(cls, fields: JsonObject) -> Self:
        """Return what the fields of a request say. Raises RequestError."""
        return cls(_text(fields, "python"))


@dataclass(frozen=True, slots=True)
class BareRequest:
    """Something that nothing more has to be said of."""

    @classmethod
    def parse(cls, _: JsonObject) -> Self:
        """Return it, whatever the fields of a request say."""
        return cls()


def _field(fields: JsonObject, name: str) -> Any:
    if name not in fields:
        raise RequestError(f"the request lacks `{name}`")
    return fields[name]


def _limits(groups: object) -> dict[str, CgroupLimits]:
    """Return the limits of groups. Raises RequestError for what could not be set, but would be written down."""
    if not isinstance(groups, dict):
        raise RequestError("`groups` must be an object, with the limits of each group by its name")
    return {group: _limits_of(group, values) for group, values in groups.items()}


def _limits_of(group: str, values: object) -> CgroupLimits:
    if not is_name(group):
        raise RequestError(f"{group!r} is no name of a group")
    if not isinstance(values, dict) or not values.keys() <= set(CgroupLimits._fields):
        raise RequestError(
            f"the limits of {group} must be an object with no other keys than {', '.join(CgroupLimits._fields)}"
        )
    if not all(
        value is None or (type(value) in (int, float) and _is_amount(value)) for value in values.values()
    ):
        raise RequestError(f"the limits of {group} must be numbers, or null")
    return CgroupLimits(**values)


def _is_amount(value: float) -> bool:
    try:
        return math.isfinite(value) and value >= 0
    except OverflowError:  # a whole number that no float can have
        return False


def _count(value: object, name: str) -> int:
    if not (isinstance(value, int) and type(value) is int and 0 <= value <= _MAX_COUNT):
        raise RequestError(f"`{name}` must be a number of bytes or events")
    return value


def _text(fields: JsonObject, name: str) -> str | None:
    value = fields.get(name)
    if not (value is None or isinstance(value, str)):
        raise RequestError(f"`{name}` must be text, or null")
    return value


def _timeout(fields: JsonObject) -> float:
    """Return a time limit. Raises RequestError for what is none: a clock that shows NaN or infinity never comes due."""
    value = _field(fields, "timeout_seconds")
    if type(value) not in (int, float) or not 0 <= value <= _MAX_TIMEOUT_SECONDS:
        raise RequestError(f"`timeout_seconds` must be between 0 and {_MAX_TIMEOUT_SECONDS:.0f}")
    return float(value)
