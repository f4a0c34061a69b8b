"""What a queue asks of its workers: how many jobs a second, and how many seconds each of them."""

from dataclasses import dataclass

from engineroom.model.queue import Flow, Measurement

_JOB_HALF_LIFE_SECONDS = 120.0
_ARRIVAL_HALF_LIFE_SECONDS = 30.0


@dataclass(slots=True)
class Load:
    """Sums in which the past counts less and less; from them come the length of a job and the rate of arrivals.

    By Little's law the number of jobs in hand is their rate of completion times their length, whatever their distribution:
    so the length is the time that workers were busy, divided by the jobs that they took in it.
    """

    _busy_seconds: float = 0.0
    _taken: float = 0.0
    _seconds: float = 0.0
    _arrived: float = 0.0
    _arrival_seconds: float = 0.0
    _in_hand: float = 0.0
    _before: Measurement | None = None

    def take(self, measured: Measurement, running: int) -> None:
        """Take in a measurement, and how many processes were there to work."""
        before, flow = self._before, measured.flow
        self._before = measured
        if before is None or flow is None:
            self._in_hand = float(measured.reserved)
            return
        self._add_jobs(_busy(before, measured, running), flow)
        self._add_arrivals(measured, flow)

    @property
    def job_seconds(self) -> float | None:
        """How long a job takes; None before the first was begun. One that is not done yet counts for as long as it runs."""
        if self._busy_seconds <= 0.0:
            return None
        return self._busy_seconds / max(self._taken, 1.0)

    @property
    def taken_per_second(self) -> float | None:
        """How many jobs workers take, at least; None before that was seen."""
        return self._taken / self._seconds if self._seconds > 0.0 else None

    @property
    def arrivals_per_second(self) -> float | None:
        """How many jobs arrive; None where that cannot be told."""
        return self._arrived / self._arrival_seconds if self._arrival_seconds > 0.0 else None

    @property
    def steadily_busy(self) -> float:
        """How many processes are at work in the mean to keep up with what arrives."""
        if self.job_seconds is None or self.arrivals_per_second is None:
            return self._in_hand
        return self.job_seconds * self.arrivals_per_second

    def _add_jobs(self, busy: float, flow: Flow) -> None:
        kept = 0.5 ** (flow.seconds / _JOB_HALF_LIFE_SECONDS)
        self._busy_seconds = self._busy_seconds * kept + busy * flow.seconds
        self._taken = self._taken * kept + flow.taken
        self._seconds = self._seconds * kept + flow.seconds

    def _add_arrivals(self, measured: Measurement, flow: Flow) -> None:
        kept = 0.5 ** (flow.seconds / _ARRIVAL_HALF_LIFE_SECONDS)
        self._in_hand = self._in_hand * kept + measured.reserved * (1.0 - kept)
        if flow.arrived is not None:
            self._arrived = self._arrived * kept + flow.arrived
            self._arrival_seconds = self._arrival_seconds * kept + flow.seconds


def _busy(before: Measurement, now: Measurement, running: int) -> float:
    """Return how many processes were at work: all of them, as long as jobs waited."""
    if before.available and now.available:
        return float(max(running, now.reserved))
    return (before.reserved + now.reserved) / 2.0
