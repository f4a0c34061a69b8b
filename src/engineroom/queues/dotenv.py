"""The `.env` file of an application, read as its framework reads it."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

_NESTED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WORDS: Mapping[str, str | None] = {
    "null": None,
    "(null)": None,
    "empty": "",
    "(empty)": "",
    "true": "1",
    "(true)": "1",
    "false": "",
    "(false)": "",
}
"""What the framework's `env()` makes of certain words, as text."""


def read(path: Path) -> dict[str, str]:
    """Return the variables of the file, nested ones filled in; none when there is no file. Raises OSError."""
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    # Not interpolated by the library: it would fill in variables of engineroom's own.
    found = dotenv_values(stream=io.StringIO(content), interpolate=False)
    filled: dict[str, str] = {}
    for name, value in found.items():
        filled[name] = _NESTED.sub(lambda match: filled.get(match[1], match[0]), value or "")
    return filled


class Variables:
    """Variables as the framework's `env()` gives them: words such as `null` mean what they say."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value; the default when there is none."""
        if name not in self._given:
            return default
        value = self._given[name]
        return _WORDS.get(value.lower(), value)

    def text(self, name: str, default: str) -> str:
        """Return the value; the default when there is none, or null."""
        found = self.get(name, default)
        return default if found is None else found

    def number(self, name: str, default: int) -> int:
        """Return the value as PHP makes an integer of it."""
        found = re.match(r"\s*-?\d+", self.text(name, str(default)))
        return int(found[0]) if found else 0
