"""Moments in answers: in UTC, with six fraction digits (contract sheet, section 1.10)."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Timestamp = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$", extra_json_schema={"format": "date-time"}),
]
"""A moment in UTC as the contract writes it: six fraction digits, always zeros."""

Moment = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", extra_json_schema={"format": "date-time"}),
]
"""A moment in UTC to the microsecond, in the same form: for what is ours, where the order matters."""


def timestamp(at: datetime) -> str:
    """Return a moment in UTC as the contract writes it."""
    return f"{at.isoformat()[:19]}.000000Z"


def timestamp_or_none(at: datetime | None) -> str | None:
    """Return a moment in the contract's form, or None."""
    return None if at is None else timestamp(at)


def moment(at: datetime) -> str:
    """Return a moment in UTC to the microsecond, in the same form."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def moment_or_none(at: datetime | None) -> str | None:
    """Return a moment to the microsecond, or None."""
    return None if at is None else moment(at)
