"""Which level and which type an entry has, told from its text alone, whatever is in it."""

import re

from engineroom.model.log import LogLevel, LogType
from engineroom.telemetry.logs.codes import BYTES

_LOOKED_AT = 160
"""Bytes at the start of a line in which its level stands. JSON may have it anywhere, so more of that is looked at."""
_LOOKED_AT_JSON = 4096

_LEVELS = {
    LogLevel.ERROR: "emergency emerg alert critical crit fatal severe error err panic failure",
    LogLevel.WARNING: "warning warn",
    LogLevel.INFO: "notice info information",
    LogLevel.DEBUG: "debug trace verbose",
}
_LEVEL_OF = {word.encode(): level for level, words in _LEVELS.items() for word in words.split()}

_LARAVEL = re.compile(rb"\[\d{4}-\d\d-\d\d[^\]]{0,40}\] [\w-]+\.([A-Z]+): ")
_JSON_NAME = re.compile(rb'"(?:level_?name|severity|lvl|level)"\s*:\s*"([A-Za-z]+)"')
_JSON_NUMBER = re.compile(rb'"level"\s*:\s*(\d{1,3})\b')
_SYSLOG = re.compile(rb"<(\d{1,3})>")
_WORD = re.compile(
    rb"(?:^|[\s\[|(:,/-])(EMERGENCY|ALERT|CRITICAL|FATAL|SEVERE|ERROR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE)"
    rb"(?=$|[\s\]|):,/-])"
)
_PHP = re.compile(rb"(?:PHP )?(?:(?:Parse|Fatal|Recoverable fatal) (error)|(Warning)|(Notice|Deprecated)): ")
_ANSI = re.compile(rb"\x1b\[[0-9;:]*[A-Za-z]")

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
    level = _level(text)
    type_ = _type(text)
    if type_ is None:
        type_ = LogType.SYSTEM if level is None and not _is_json(text) else LogType.APPLICATION
    if level is None:
        level = LogLevel.ERROR if type_ is LogType.EXCEPTION else LogLevel.INFO
    return BYTES[level, type_]


def _level(text: bytes) -> LogLevel | None:
    first = text[:1]
    if first == b"[":
        found = _LARAVEL.match(text)
        if found is not None:
            return _LEVEL_OF.get(found[1].lower(), LogLevel.INFO)
    elif first == b"{":
        return _json(text[:_LOOKED_AT_JSON])
    elif first == b"<":
        found = _SYSLOG.match(text)
        if found is not None:
            return _of_syslog(int(found[1]))
    return _plain(text[:_LOOKED_AT])


def _is_json(text: bytes) -> bool:
    return text[:1] == b"{" and text[-1:] == b"}"


def _json(text: bytes) -> LogLevel | None:
    found = _JSON_NAME.search(text)
    if found is not None:
        return _LEVEL_OF.get(found[1].lower())
    found = _JSON_NUMBER.search(text)
    return None if found is None else _of_number(int(found[1]))


def _plain(text: bytes) -> LogLevel | None:
    if b"\x1b" in text:
        text = _ANSI.sub(b"", text)
    found = _WORD.search(text)
    if found is not None:
        return _LEVEL_OF[found[1].lower()]
    found = _PHP.match(text)
    if found is None:
        return None
    return LogLevel.ERROR if found[1] else LogLevel.WARNING if found[2] else LogLevel.INFO


def _of_syslog(priority: int) -> LogLevel:
    """Return the level of a syslog priority: its last three bits are the severity (RFC 5424, section 6.2.1)."""
    severity = priority & 7
    if severity <= 3:
        return LogLevel.ERROR
    return {4: LogLevel.WARNING, 7: LogLevel.DEBUG}.get(severity, LogLevel.INFO)


def _of_number(number: int) -> LogLevel:
    """Return the level of a number: below 100 as Bunyan and Pino count, above as Monolog does."""
    warning, error, debug = (300, 400, 100) if number >= 100 else (40, 50, 20)
    if number >= error:
        return LogLevel.ERROR
    if number >= warning:
        return LogLevel.WARNING
    return LogLevel.DEBUG if number <= debug else LogLevel.INFO


def _type(text: bytes) -> LogType | None:
    if b"HTTP/" in text and _REQUEST.search(text):
        return LogType.ACCESS
    if (b"\n" in text or b'"exception"' in text) and _EXCEPTION.search(text):
        return LogType.EXCEPTION
    return None
