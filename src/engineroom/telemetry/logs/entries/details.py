"""What the contract shows of an entry: its message, and by type what is beside it (contract sheet, section 4.7): pure."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from engineroom.model.logs.log import LogEntry, LogType

_MAX_JSON = 64 * 1024
"""In bytes; what is larger is shown as a message alone."""

_REQUEST = re.compile(
    r'^(?P<ip>[0-9A-Fa-f.:]+) .*?"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3})(?: (?P<bytes>\d+|-))?'
    r'(?: "[^"]*" "(?P<agent>[^"]*)")?'
)
_SHORT_REQUEST = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3})')
_LARAVEL = re.compile(r"^\[[^\]]{10,60}\] ([\w-]+)\.[A-Z]+: ")
_LARAVEL_EXCEPTION = re.compile(r"\[object\] \(([\w\\]+)\(code: (\d+)\): .*? at (\S+?:\d+)\)", re.DOTALL)
_LARAVEL_BEGIN = "[object] ("
_PYTHON_EXCEPTION = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)")
_PYTHON_FILE = re.compile(r'^\s+File "([^"]+)", line (\d+)')


_MESSAGE = ("message", "msg", "@m", "@mt", "short_message", "event", "text")
"""Where loggers write it: Monolog, pino and zap, Serilog, GELF, structlog."""
_CHANNEL = ("channel", "logger", "name")


class Shown(NamedTuple):
    """The `message` and the `data` of an entry. There is no data of plain output, nor of what is engineroom's own."""

    message: str
    data: dict[str, Any] | None


def shown(entry: LogEntry) -> Shown:
    """Return what is shown of an entry. The message of a line of JSON is its message, and its other fields are data."""
    match entry.code.type:
        case LogType.ACCESS:
            return Shown(entry.message, _access(entry.message))
        case LogType.SYSTEM:
            return Shown(entry.message, None)
    found = _json(entry.text)
    name = _message_field(found) if found else None
    if found is None or name is None:
        return Shown(entry.message, _of_text(entry) if found is None else _application(found, None))
    thrown = _thrown(found) if entry.code.type is LogType.EXCEPTION else None
    return Shown(found[name], thrown or _application(found, name))


def _message_field(found: Mapping[str, Any]) -> str | None:
    return next((name for name in _MESSAGE if found.get(name) and isinstance(found[name], str)), None)


def _of_text(entry: LogEntry) -> dict[str, Any]:
    if entry.code.type is LogType.EXCEPTION:
        return _exception(entry.message)
    laravel = _LARAVEL.match(entry.text[:200].decode("utf-8", "replace"))
    return {"channel": laravel[1] if laravel else None, "context": None, "extra": None}


def _access(message: str) -> dict[str, Any]:
    found = _REQUEST.search(message) or _SHORT_REQUEST.search(message)
    values = found.groupdict() if found else {}
    sent = values.get("bytes")
    return {
        "status": int(values.get("status") or 0),
        "method": values.get("method") or "",
        "path": values.get("path") or "",
        "duration_ms": None,
        "bytes_sent": int(sent) if sent and sent.isdecimal() else None,
        "ip": values.get("ip"),
        "user_agent": values.get("agent"),
        "country": None,
    }


def _application(found: Mapping[str, Any], message: str | None) -> dict[str, Any]:
    """Return the data of a line of JSON; where it has no context, that is what is not its message, or shown elsewhere."""
    channel = next((name for name in _CHANNEL if found.get(name)), None)
    others = {
        name: value for name, value in found.items() if name not in (message, channel, "context", "extra")
    }
    return {
        "channel": _text(found[channel]) if channel else None,
        "context": _object(found["context"]) if "context" in found else others or None,
        "extra": _object(found.get("extra")),
    }


def _thrown(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the data of an exception in a line of JSON, as Laravel and Monolog write it; None where there is none."""
    context = _object(found.get("context")) or {}
    thrown = _object(context.get("exception")) or _object(found.get("exception"))
    if thrown is None or "class" not in thrown:
        return None
    code, trace = thrown.get("code"), thrown.get("trace")
    return {
        "class": _text(thrown["class"]),
        "code": code if isinstance(code, int) else None,
        "file": _text(thrown.get("file")),
        "trace": [str(line) for line in trace] if isinstance(trace, list) else None,
    }


def _exception(message: str) -> dict[str, Any]:
    lines = message.split("\n")
    # Looked for from one place alone: a text with thousands of such beginnings would be gone through again for each.
    laravel = _LARAVEL_EXCEPTION.match(message, max(0, message.find(_LARAVEL_BEGIN)))
    if laravel is not None:
        trace = [line for line in lines if line.startswith("#")]
        return {"class": laravel[1], "code": int(laravel[2]), "file": laravel[3], "trace": trace or None}
    files = [found for found in map(_PYTHON_FILE.match, lines) if found]
    if files:
        name = _PYTHON_EXCEPTION.match(lines[-1])
        file = f"{files[-1][1]}:{files[-1][2]}"
        trace = [line.strip() for line in lines if line.startswith("  ")]
        return {"class": name[1] if name else None, "code": None, "file": file, "trace": trace}
    return {"class": None, "code": None, "file": None, "trace": lines[1:] or None}


def _json(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object; None for what is none, for what is broken, and for what is made to cost time."""
    if not text.startswith(b"{") or len(text) > _MAX_JSON:
        return None
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None
