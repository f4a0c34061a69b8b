"""What is asked of the log: the parameters of the query, checked all at once, and the cursor of a page."""

import base64
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

from engineroom.api.document.fields import Flag, Integer, NamingChoices, Text
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.log import LogLevel, LogType
from engineroom.telemetry.logs.blocks.query import LATEST_NANOSECONDS, LogQuery
from engineroom.telemetry.logs.blocks.reading import LogPosition, Window

PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class LogsOf(StrEnum):
    """Which types of entries are asked for; the contract has the first three."""

    ALL = "all"
    APPLICATION = "application"
    ACCESS = "access"
    EXCEPTION = "exception"
    SYSTEM = "system"


def _moment(value: Any) -> datetime:
    """Return a moment in UTC; so is one without a zone, and a space may stand for the T (contract sheet, section 4.7)."""
    try:
        found = datetime.fromisoformat(str(value).strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("date", "not a date") from None


def _place(value: Any) -> LogPosition:
    """Return the place that a page gave its cursor."""
    try:
        found = base64.b64decode(str(value), altchars=b"-_", validate=True)
        return LogPosition(*msgspec.json.decode(found, type=tuple[_Number, BackgroundProcessId, _Number]))
    except (ValueError, msgspec.DecodeError):
        raise PydanticCustomError("format", "never a cursor") from None


_Number = Annotated[int, msgspec.Meta(ge=0, le=LATEST_NANOSECONDS)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Cursor = Annotated[LogPosition, PlainValidator(_place)]


class LogFields(BaseModel):
    """The parameters of every question to the log."""

    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    query: Text = ""
    case_sensitive: Flag = False
    whole_word: Flag = False
    type: LogsOf = LogsOf.ALL
    cursor: Cursor | None = None

    def wanted(self) -> dict[str, Any]:
        """Return what the store is asked for."""
        types = {
            LogsOf.ALL: None,
            # What an application throws is its own, too.
            LogsOf.APPLICATION: {LogType.APPLICATION, LogType.EXCEPTION},
        }
        wanted: dict[str, Any] = {
            "text": self.query,
            "case_sensitive": self.case_sensitive,
            "whole_word": self.whole_word,
            "types": types.get(self.type, {LogType(self.type)} if self.type is not LogsOf.ALL else None),
        }
        if self.from_ is not None:
            wanted["from_nanoseconds"] = _nanoseconds(self.from_)
        if self.to is not None:
            # A whole second stands for all of it, as the contract's moments have no fraction.
            wanted["to_nanoseconds"] = _nanoseconds(self.to) + (999 if self.to.microsecond else 999_999_999)
        return wanted


class EnvironmentLogFields(LogFields):
    """The contract's question: both ends are required."""

    from_: Moment = Field(alias="from")
    to: Moment


class ProcessLogFields(LogFields):
    """Our question about one background process."""

    level: Annotated[LogLevel, NamingChoices] | None = None
    type: Annotated[LogsOf, NamingChoices] = LogsOf.ALL
    replica: Integer | None = None
    index: Integer | None = None
    newest_first: Flag = False
    limit: Annotated[Integer, Field(ge=1, le=MAX_PAGE_SIZE)] = PAGE_SIZE

    def asked(self) -> LogQuery:
        """Return what the store is asked for."""
        levels = None if self.level is None else {level for level in LogLevel if _at_least(level, self.level)}
        return LogQuery(**self.wanted(), levels=levels, replica=self.replica, index=self.index)

    def window(self) -> Window:
        """Return which part of it."""
        return Window(limit=self.limit, behind=self.cursor, newest_first=self.newest_first)


class FollowFields(ProcessLogFields):
    """Our question of who follows: what is there already is asked for by number."""

    tail: Integer = 0


def cursor(place: LogPosition) -> str:
    """Return a place in the form in which clients hand it back."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _nanoseconds(moment: datetime) -> int:
    """Return a moment in nanoseconds since 1970, or the nearest that the log can have."""
    since = (moment - _EPOCH) // _MICROSECOND * 1000
    return min(max(0, since), LATEST_NANOSECONDS - 999_999_999)


_SEVERITY = list(LogLevel)


def _at_least(level: LogLevel, least: LogLevel) -> bool:
    return _SEVERITY.index(level) >= _SEVERITY.index(least)
