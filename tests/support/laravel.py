"""A copy of the Laravel example, with a real queue."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.waiting import patient

EXAMPLE = Path(__file__).parents[2] / "examples" / "laravel"


@dataclass(frozen=True)
class Worked:
    """One line that a job appended: which job, and in which process."""

    number: int
    pid: int


class LaravelApplication:
    """The example in a folder of its own; `variables` tell it where its queue is."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder / "laravel"
        self.variables = dict(variables)
        self._done = folder / "done.txt"
        # What the framework caches names folders and providers; a copy makes its own.
        shutil.copytree(
            EXAMPLE,
            self.folder,
            ignore=shutil.ignore_patterns("*.sqlite*", ".env", "services.php", "packages.php"),
        )

    @classmethod
    def at(cls, folder: Path, beside: Path) -> Self:
        """Return an application that is in this folder already; its jobs write into a file beside."""
        found = cls.__new__(cls)
        found.folder, found.variables = folder, {}
        found._done = beside / "done.txt"
        return found

    def artisan(self, *words: str) -> str:
        """Run an artisan command to its end and return what it printed, errors included."""
        ran = subprocess.run(
            ["php", "artisan", *words],
            cwd=self.folder,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=patient(60),
        )
        assert ran.returncode == 0, f"artisan {' '.join(words)} exited {ran.returncode}: {ran.stdout}"
        return ran.stdout

    def push(self, count: int, *, sleep_milliseconds: int = 0, connection: str = "redis") -> None:
        """Push jobs numbered from 1."""
        options = [f"--sleep-ms={sleep_milliseconds}", f"--file={self._done}", f"--connection={connection}"]
        self.artisan("demo:push", str(count), *options)

    def worked(self) -> list[Worked]:
        """Return what was worked so far, in the order in which it was finished."""
        if not self._done.exists():
            return []
        return [Worked(*map(int, line.split())) for line in self._done.read_text().splitlines()]

    def times_worked(self) -> Counter[int]:
        """Return how often each job was worked."""
        return Counter(worked.number for worked in self.worked())
