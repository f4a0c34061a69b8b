"""Count how processes end, one after the other; `backoff.py` says from that when each starts again."""

import random
import time
from collections import Counter

from engineroom.keeper.processes import backoff
from engineroom.keeper.processes.process import Subprocess


class RestartHistory:
    """What is remembered of the ends of processes: of each its streak, and of each family who has died young just now."""

    def __init__(self) -> None:
        self._members: Counter[str] = Counter()
        self._young_deaths = backoff.RecentDeaths()

    def join(self, process: Subprocess) -> None:
        """Take in that there is a process."""
        self._members[process.spec.family] += 1

    def leave(self, process: Subprocess) -> None:
        """Take in that a process is gone; with the last one of its family, forget that."""
        family = process.spec.family
        self._members[family] -= 1
        if not self._members[family]:
            del self._members[family]
            self._young_deaths.forget(family)

    def count(self, process: Subprocess, lived_seconds: float, *, expected: bool) -> None:
        """Take in the end of a life, and decide after which delay the process starts again."""
        process.streak = backoff.after_life(process.streak, lived_seconds, expected=expected)
        companions = 0
        if process.streak.young_deaths:
            companions = self._young_deaths.note(process.spec.family, time.monotonic())
        spread = random.random()  # noqa: S311
        process.delay_seconds = backoff.delay_seconds(process.streak, spread, companions)
