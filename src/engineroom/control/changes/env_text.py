"""The variables in the text of a `.env` file that somebody hands over."""

import re

from engineroom.model.applications.dotenv import DotenvError, read
from engineroom.model.applications.variables import EnvironmentVariable, Variables

KEY = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
"""What the name of a variable looks like."""

MAX_VALUE_LENGTH = 100_000
"""In bytes of UTF-8: no process gets a longer one (execve(2), MAX_ARG_STRLEN)."""


MAX_TEXT_LENGTH = 262_144
"""In characters. Reading them takes a processor a third of a second at worst, and no application has so many variables."""


class EnvTextError(Exception):
    """The text cannot be read, and why."""


def variables_in(text: str) -> Variables:
    """Return the variables in the text, as its reader would give them to the application: each `${NAME}` filled in.

    Raises EnvTextError.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise EnvTextError(
            f"it has more than {MAX_TEXT_LENGTH} characters; send it in parts, with the method append"
        )
    try:
        found = read(text, {})
    except DotenvError as error:
        raise EnvTextError(str(error)) from None
    for key, value in found.items():
        if not re.match(KEY, key):
            raise EnvTextError(f"{key[:40]!r} is no name of a variable")
        if "\0" in value or len(value.encode()) > MAX_VALUE_LENGTH:
            raise EnvTextError(f"the value of {key[:40]} is longer than any process may be given")
    return tuple(EnvironmentVariable(key=key, value=value) for key, value in found.items())
