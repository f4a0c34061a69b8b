"""Loads: when jobs come, how long each takes, and how often it fails first. Each is made of a seed alone."""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `failures` is how often it is tried in vain; after each try it comes back five seconds later."""

    arrives_at: float
    seconds: float
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Jobs over some hours, and in what time each should be begun. `blind` are the times when nothing can be measured."""

    jobs: Callable[[random.Random], Iterator[Job]]
    seconds: float
    target_seconds: int = 30
    blind: tuple[float, float] | None = None


def _poisson(
    chance: random.Random, seconds: float, rate: Callable[[float], float], most: float
) -> Iterator[float]:
    """Yield moments of a Poisson process whose rate changes and is `most` at its peak (thinning)."""
    moment = 0.0
    while (moment := moment + chance.expovariate(most)) < seconds:
        if chance.random() * most < rate(moment):
            yield moment


def _exponential(
    seconds: float, rate: Callable[[float], float], most: float, job_seconds: float
) -> Callable[[random.Random], Iterator[Job]]:
    def jobs(chance: random.Random) -> Iterator[Job]:
        for moment in _poisson(chance, seconds, rate, most):
            yield Job(moment, chance.expovariate(1.0 / job_seconds))

    return jobs


def _bursts(chance: random.Random) -> Iterator[Job]:
    for begin in range(300, int(HOUR), 600):
        for _ in range(400):
            yield Job(begin + chance.random(), chance.expovariate(2.0))


def _long(chance: random.Random) -> Iterator[Job]:
    for moment in _poisson(chance, 2 * HOUR, lambda _: 0.02, 0.02):
        yield Job(moment, chance.lognormvariate(math.log(100.0), 0.5))


def _poisoned(chance: random.Random) -> Iterator[Job]:
    for moment in _poisson(chance, HOUR, lambda _: 2.0, 2.0):
        yield Job(moment, chance.expovariate(2.0), failures=3 if chance.random() < 0.1 else 0)


def _step(moment: float) -> float:
    return 8.0 if 1200 <= moment < 2400 else 0.5


def _wave(moment: float) -> float:
    return 4.0 * (1.0 - math.cos(2 * math.pi * moment / (6 * HOUR)))


LOADS: Mapping[str, Load] = {
    "light": Load(jobs=_exponential(HOUR, lambda _: 0.2, 0.2, 0.5), seconds=HOUR),
    "steady": Load(jobs=_exponential(HOUR, lambda _: 4.0, 4.0, 0.5), seconds=HOUR),
    "step": Load(jobs=_exponential(HOUR, _step, 8.0, 0.5), seconds=HOUR),
    "burst": Load(jobs=_bursts, seconds=HOUR),
    "daily wave": Load(jobs=_exponential(6 * HOUR, _wave, 8.0, 0.5), seconds=6 * HOUR),
    "long jobs": Load(jobs=_long, seconds=2 * HOUR, target_seconds=60),
    "poison jobs": Load(jobs=_poisoned, seconds=HOUR),
    "blind for 5 min": Load(jobs=_exponential(HOUR, _step, 8.0, 0.5), seconds=HOUR, blind=(1260.0, 1560.0)),
}
"""A day of the daily wave has six hours, so that it can be simulated in a moment."""
