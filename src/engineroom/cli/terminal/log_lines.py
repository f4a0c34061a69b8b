"""How an entry of the log looks in a terminal, whatever is in it: pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

_COLOURS = {"error": "31", "warning": "33", "debug": "2"}
_PREFIX_COLOURS = ("36", "35", "34", "32", "96", "95", "94", "92")

_ANSI = re.compile(r"\x1b\[[0-9;:]*m")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(line: Mapping[str, Any], name: str, *, coloured: bool) -> str:
    """Return an entry with its time and a prefix that says who wrote it: name, replica and index."""
    prefix = f"{name}{line['replica']}/{line['index']}"
    time = str(line["logged_at"])[:23].replace("T", " ")
    message = safe(str(line["message"]))
    fields = safe(_fields(line.get("data")))
    if coloured:
        colour = _PREFIX_COLOURS[(line["replica"] * 7 + line["index"]) % len(_PREFIX_COLOURS)]
        prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        time = f"\x1b[2m{time}\x1b[0m"
        fields = f"\x1b[2m{fields}\x1b[0m" if fields else ""
        if line["level"] in _COLOURS:
            message = f"\x1b[{_COLOURS[line['level']]}m{message}\x1b[0m"
    return f"{time} {prefix} {message}{fields}"


def _fields(data: Mapping[str, Any] | None) -> str:
    """Return the fields of a line of JSON that are not its message, as logfmt has them."""
    context = (data or {}).get("context") or {}
    return "".join(f" {name}={_value(value)}" for name, value in context.items())


def _value(value: object) -> str:
    return (
        value
        if isinstance(value, str) and not re.search(r"\s", value)
        else json.dumps(value, ensure_ascii=False)
    )


def safe(text: str) -> str:
    """Return a text without what a terminal would obey: its colours are left out, other controls are written out.

    So is what no terminal could be sent: the bytes of a file's name that are no UTF-8.
    """
    return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", _ANSI.sub("", text))
