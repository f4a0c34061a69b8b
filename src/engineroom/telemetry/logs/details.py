"""What the contract shows of an entry beside its message, by type (contract sheet, section 4.7): pure."""

import re
from typing import Any

import msgspec

from engineroom.model.log import LogEntry, LogType

_LARGEST_JSON = 64 * 1024
"""In bytes; what is larger is shown as a message alone."""

_REQUEST = re.compile(
    r'^(?P<ip>[0-9A-Fa-f.:]+) .*?"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3})(?: (?P<bytes>\d+|-))?'
    r'(?: "[^"]*" "(?P<agent>[^"]*)")?'
)
_SHORT_REQUEST = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3})')
_LARAVEL = re.compile(r"^\[[^\]]{10,60}\] ([\w-]+)\.[A-Z]+: ")
_LARAVEL_EXCEPTION = re.compile(r"\[object\] \(([\w\\]+)\(code: (\d+)\): .*? at (\S+?:\d+)\)", re.DOTALL)
_PYTHON_EXCEPTION = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)")
_PYTHON_FILE = re.compile(r'^\s+File "([^"]+)", line (\d+)')


def details(entry: LogEntry) -> dict[str, Any] | None:
    """Return the `data` of an entry; None for plain output, and for what is engineroom's own."""
    match entry.code.type:
        case LogType.ACCESS:
            return _access(entry.message)
        case LogType.EXCEPTION:
            return _exception(entry.message)
        case LogType.APPLICATION:
            return _application(entry.text)
        case LogType.SYSTEM:
            return None


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


def _application(text: bytes) -> dict[str, Any]:
    found = _json(text)
    if found is None:
        laravel = _LARAVEL.match(text[:200].decode("utf-8", "replace"))
        return {"channel": laravel[1] if laravel else None, "context": None, "extra": None}
    return {
        "channel": _text(found.get("channel") or found.get("logger") or found.get("name")),
        "context": _object(found.get("context")),
        "extra": _object(found.get("extra")),
    }


def _exception(message: str) -> dict[str, Any]:
    lines = message.split("\n")
    laravel = _LARAVEL_EXCEPTION.search(message)
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
    if not text.startswith(b"{") or len(text) > _LARGEST_JSON:
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
