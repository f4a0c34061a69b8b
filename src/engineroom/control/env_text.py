"""The variables in the text of a `.env` file that somebody hands over."""

import io
import re

from dotenv.parser import parse_stream

from engineroom.model.variables import EnvironmentVariable, Variables

KEY = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
"""What the name of a variable looks like."""


class EnvTextError(Exception):
    """A line cannot be read as KEY=VALUE."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} cannot be read as KEY=VALUE")
        self.line = line


def variables_in(text: str) -> Variables:
    """Return the variables in the text, the last of each key. Raises EnvTextError."""
    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and not re.match(KEY, binding.key)):
            raise EnvTextError(binding.original.line)
        if binding.key is not None:
            found[binding.key] = binding.value or ""
    return tuple(EnvironmentVariable(key=key, value=value) for key, value in found.items())
