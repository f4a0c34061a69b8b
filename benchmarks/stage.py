"""Where a benchmark measures its contenders, one after the other, each in a folder of its own."""

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from benchmarks.contenders.base import Contender, ContenderError
from benchmarks.contenders.c_loop import CLoop
from benchmarks.contenders.circus import Circus
from benchmarks.contenders.engineroom import Engineroom
from benchmarks.contenders.pm2 import Pm2
from benchmarks.contenders.runit import Runit
from benchmarks.contenders.s6 import S6
from benchmarks.contenders.supervisor import Supervisor
from benchmarks.processes import NotGoneError
from benchmarks.records import RecordsMissingError
from benchmarks.result import ENGINEROOM
from benchmarks.setup import MissingError, Programs

T = TypeVar("T")

CONTENDERS: Sequence[type[Contender]] = (Engineroom, CLoop, Supervisor, Pm2, Circus, S6, Runit)


@dataclass
class Measured(Generic[T]):
    """What was found, by contender, and why others are left out."""

    found: dict[str, list[T]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """Return a sentence for each contender that is left out."""
        return [f"{name} is left out: {reason}" for name, reason in self.left_out.items()]


class Stage:
    """Brings contenders up and down below `folder`."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self._folder = folder
        self.programs = programs
        self._numbers = itertools.count(1)

    def measure(
        self,
        measure: Callable[[Contender], T],
        *,
        rounds: int = 1,
        contenders: Sequence[type[Contender]] = CONTENDERS,
    ) -> Measured[T]:
        """Measure each contender afresh in each round; all take turns, so that a busy minute meets all of them.

        A peer that cannot be had, or fails, is left out with the reason; engineroom's own failures are raised.
        """
        measured: Measured[T] = Measured()
        for number, kind in itertools.product(range(1, rounds + 1), contenders):
            if kind.name in measured.left_out:
                continue
            print(f"  {kind.name}, round {number} of {rounds} …", file=sys.stderr, flush=True)
            try:
                with self._contender(kind) as contender:
                    measured.found.setdefault(kind.name, []).append(measure(contender))
            except (ContenderError, MissingError, NotGoneError, RecordsMissingError) as error:
                if kind.name == ENGINEROOM:
                    raise
                measured.left_out[kind.name] = str(error)
                measured.found.pop(kind.name, None)
        return measured

    def running(self, child: Path) -> "Stage":
        """Return a stage whose contenders run another child."""
        return Stage(self.folder(), replace(self.programs, child=child))

    def folder(self) -> Path:
        """Return a new folder, for what is measured without contenders."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        return folder

    @contextmanager
    def _contender(self, kind: type[Contender]) -> Iterator[Contender]:
        with kind(self._folder / str(next(self._numbers)), self.programs) as contender:
            yield contender
