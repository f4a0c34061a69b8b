"""The formulas: how many processes, in all, a queue needs by each strategy."""

from dataclasses import dataclass

from engineroom.model.processes.background_process import StrategyType
from engineroom.model.queue import Measurement
from engineroom.model.scaling.load import Load

GROWTH_INTERVAL_SECONDS = 15.0
"""Over how long a queue's growth is looked at, and how long a step of it is waited for."""

_DEFAULT_THRESHOLDS = {
    StrategyType.QUEUE_SIZE: 100,
    StrategyType.GROWTH_RATE: 100,
    StrategyType.LATENCY: 60,
}
_GUESSED_JOB_SECONDS = 1.0
_UTILISATION = 0.85
"""How busy processes are to be in the mean: at all of their time, the queue before them would grow without end."""
_USED_SHARE = 0.7
"""How much of the time that a job may wait is planned with; the rest is for what was not foreseen."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the number of processes follows the queue. The threshold's meaning is the type's.

    `queue_size`: jobs that wait for each process, at most. `growth_rate`: jobs by which the queue grows in 15 s before one
    more is started. `latency`: seconds that a job may wait.
    """

    type: StrategyType
    threshold: int

    @classmethod
    def of(cls, type: StrategyType, threshold: int | None) -> "Strategy":
        """Return the strategy; without a threshold, or with one that means nothing, with the type's default."""
        return cls(type, threshold if threshold and threshold > 0 else _DEFAULT_THRESHOLDS.get(type, 1))


@dataclass(frozen=True, slots=True)
class Need:
    """How many processes are needed in all, and the figures that say so, in words."""

    processes: float
    why: str


def queue_size(threshold: int, measured: Measurement) -> Need:
    """Return one process for every `threshold` jobs that could be taken now."""
    return Need(
        measured.available / threshold,
        f"{measured.available} waiting, at most {threshold} for each process",
    )


def growth_rate(threshold: int, measured: Measurement, earlier: int | None, running: int) -> Need:
    """Return one process more when the queue grew by the threshold since `earlier`, one less when it shrank by as much.

    An empty queue needs one less too, or the processes of a past rush would stay for ever.
    """
    if earlier is None:
        return Need(running, f"{measured.available} waiting, growth not known yet")
    grown = measured.available - earlier
    why = f"{measured.available} waiting, {grown:+d} in {GROWTH_INTERVAL_SECONDS:g} s, threshold {threshold}"
    if grown >= threshold:
        return Need(running + 1, why)
    if grown <= -threshold or not measured.available:
        return Need(running - 1, why)
    return Need(running, why)


def latency(threshold: int, measured: Measurement, load: Load) -> Need:
    """Return what keeps the wait of a job below `threshold` seconds.

    Jobs are taken in order, so those that wait are not held up by those that come: there must be enough processes to have
    the former begun in the time that the oldest has left, and enough to keep up with the latter, but not for both at once.
    """
    job_seconds = load.job_seconds or _GUESSED_JOB_SECONDS
    each = f"{job_seconds:.2g} s each" if load.job_seconds else f"{job_seconds:.2g} s each by a guess"
    age = measured.oldest.at_least_seconds if measured.oldest else 0.0
    left = max(threshold * _USED_SHARE - age, threshold * 0.1)
    drain = measured.available * job_seconds / left
    needed = max(drain, load.steadily_busy / _UTILISATION)
    # There is never work for more processes than there are jobs.
    return Need(
        min(needed, measured.available + measured.reserved),
        f"{measured.available} waiting, {each}, target {threshold} s",
    )
