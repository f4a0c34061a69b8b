"""PHP's own libraries, asked what they make of a text, to compare with what we make of it."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.waiting import patient

_HERE = Path(__file__).parent


class Php:
    """One of the scripts beside: it answers each line of JSON with another one. Use it in a `with` statement."""

    def __init__(self, script: str, *words: str) -> None:
        self._command = ["php", str(_HERE / script), *words]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=patient(60))

    def ask(self, **asked: Any) -> Any:
        """Return its answer to this."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
