"""Which level and which type an entry has, told from its text alone, whatever is in it."""

import re

from engineroom.model.logs.log import LogLevel, LogType
from engineroom.telemetry.logs.entries.codes import BYTES
from engineroom.telemetry.logs.entries.levels import level_of

_REQUEST = re.compile(rb'"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+ HTTP/[\d.]+" \d{3}\b')
_EXCEPTION = re.compile(
    rb"^Traceback \(most recent call last\):|^#0 |\[stacktrace\]|^Stack trace:|^[^\S\n]++at \S+ ?\(|[{,]\"exception\":"
    rb"|^(?:PHP )?Fatal error: +Uncaught |^goroutine \d+ \[",
    re.MULTILINE,
)


def classify(text: bytes) -> int:
    """Return the byte for the level and type of an entry.

    What a logger wrote names its level, or is JSON: that is the application's. Output that is neither is of type `system`
    and level `info`, as on Laravel Cloud (fact sheet, section 5.3). A trace is an error where it names no level.
    """
    level = level_of(text)
    type_ = _type(text)
    if type_ is None:
        type_ = LogType.SYSTEM if level is None and not _is_json(text) else LogType.APPLICATION
    if level is None:
        level = LogLevel.ERROR if type_ is LogType.EXCEPTION else LogLevel.INFO
    return BYTES[level, type_]


def _is_json(text: bytes) -> bool:
    return text[:1] == b"{" and text[-1:] == b"}"


def _type(text: bytes) -> LogType | None:
    if b"HTTP/" in text and _REQUEST.search(text):
        return LogType.ACCESS
    if (b"\n" in text or b'"exception"' in text) and _EXCEPTION.search(text):
        return LogType.EXCEPTION
    return None
