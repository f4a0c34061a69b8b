"""Cron expressions: whether they are right, and whether a minute is one of theirs."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_FIELDS = 5


class InvalidCronError(Exception):
    """An expression or a time zone cannot be used, and why."""


def check(expression: str, timezone: str) -> None:
    """Raise InvalidCronError unless the expression and the time zone mean something."""
    zone = _zone(timezone)
    if len(expression.split()) != _FIELDS:
        raise InvalidCronError(f"{expression!r} has not the five fields of cron; give one such as 30 2 * * *")
    try:
        CronSim(expression, datetime(2026, 1, 1, tzinfo=zone))
    except CronSimError as error:
        raise InvalidCronError(f"{expression!r} is none of cron: {str(error).lower()}") from None


def matches(expression: str, timezone: str, minute: datetime) -> bool:
    """Return whether the minute is one of the expression's, in its time zone.

    Where clocks are changed, it is as with cron(8): what has a fixed hour runs once, what is hourly in each hour.
    """
    before = (minute - timedelta(minutes=1)).astimezone(_zone(timezone))
    try:
        # Compared in UTC: an hour that comes twice looks the same on the clocks of its time zone.
        return next(CronSim(expression, before)).astimezone(UTC) == minute
    except StopIteration:
        return False


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise InvalidCronError(
            f"there is no time zone {timezone!r}; give one such as Europe/Berlin"
        ) from None
