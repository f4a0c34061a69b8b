"""Variables as the framework's `env()` gives them: words such as `null` mean what they say."""

import re
from collections.abc import Mapping

_WORDS: Mapping[str, bool | str | None] = {
    "true": True,
    "(true)": True,
    "false": False,
    "(false)": False,
    "empty": "",
    "(empty)": "",
    "null": None,
    "(null)": None,
}
_QUOTED = re.compile(r"""(['"])([^\n]*)\1""")


class Env:
    """The variables of an application."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __contains__(self, name: str) -> bool:
        return name in self._variables

    def raw(self, name: str) -> str | None:
        """Return what `getenv` gives."""
        return self._variables.get(name)

    def get(self, name: str) -> bool | str | None:
        """Return what `env(name)` gives."""
        value = self._variables.get(name)
        if value is None:
            return None
        if value.lower() in _WORDS:
            return _WORDS[value.lower()]
        quoted = _QUOTED.fullmatch(value)
        return quoted[2] if quoted else value
