"""A queue and its workers, moment by moment: jobs come, workers take them, a controller adds and stops workers."""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.scaling.controllers import Controller, View
from benchmarks.scaling.loads import Job, Load
from engineroom.model.queue import Measurement, Unknown
from engineroom.queues.base import Snapshot
from engineroom.queues.tracking import Tracker

BOOT_SECONDS = 0.5
POLL_SECONDS = 1.0
"""A worker that found nothing asks again so much later (`--sleep=1`)."""
_RETRY_SECONDS = 5.0
_WINDOW = 500


@dataclass(slots=True)
class Outcome:
    """What a controller made of a load."""

    jobs: int = 0
    late: int = 0
    process_seconds: float = 0.0
    changes: int = 0

    @property
    def late_percentage(self) -> float:
        """The share of jobs that were begun later than they should have been."""
        return 100.0 * self.late / max(1, self.jobs)


@dataclass(slots=True, eq=False)
class _Worker:
    started_at: float
    ready: bool = False
    busy: bool = False
    stopping: bool = False


@dataclass(slots=True)
class _Waiting:
    number: int
    job: Job
    since: float


@dataclass
class Simulation:
    """One load under one controller."""

    load: Load
    controller: Controller
    seed: int
    outcome: Outcome = field(default_factory=Outcome)

    def run(self) -> Outcome:
        """Return what came of it once all jobs are done."""
        self._chance = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = itertools.count()
        self._waiting: deque[_Waiting] = deque()
        self._workers: list[_Worker] = []
        self._terminating = 0
        self._reserved = self._delayed = 0
        self._tracker = Tracker()
        self._asked = 1
        self._open = 0
        self._start(0.0)
        for job in self.load.jobs(random.Random(self.seed)):
            self._open += 1
            self._at(job.arrives_at, lambda now, job=job: self._arrive(now, job))  # type: ignore[misc]
        self._at(0.0, self._control)
        now = 0.0
        while self._events and (self._open or now < self.load.seconds):
            now, _, happen = heapq.heappop(self._events)
            happen(now)
        for worker in self._workers:
            self.outcome.process_seconds += now - worker.started_at
        return self.outcome

    def _at(self, moment: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), happen))

    def _arrive(self, now: float, job: Job) -> None:
        self.outcome.jobs += 1
        self._waiting.append(_Waiting(next(self._numbers), job, now))

    def _start(self, now: float) -> None:
        worker = _Worker(now)
        self._workers.append(worker)

        def ready(moment: float) -> None:
            worker.ready = True
            self._ask(moment, worker)

        self._at(now + BOOT_SECONDS, ready)

    def _ask(self, now: float, worker: _Worker) -> None:
        """Have a worker take a job, or end when it was asked to, or ask again later."""
        worker.busy = False
        if worker.stopping:
            self._end(now, worker)
        elif self._waiting:
            taken = self._waiting.popleft()
            self.outcome.late += now - taken.since > self.load.target_seconds
            self._reserved += 1
            worker.busy = True
            self._at(now + taken.job.seconds, lambda moment: self._finish(moment, worker, taken.job))
        else:
            self._at(now + POLL_SECONDS, lambda moment: self._poll(moment, worker))

    def _poll(self, now: float, worker: _Worker) -> None:
        if worker in self._workers and not worker.busy:
            self._ask(now, worker)

    def _finish(self, now: float, worker: _Worker, job: Job) -> None:
        self._reserved -= 1
        if job.failures:
            again = Job(job.arrives_at, job.seconds, job.failures - 1)
            self._delayed += 1
            self._at(now + _RETRY_SECONDS, lambda moment: self._return(moment, again))
        else:
            self._open -= 1
        self._ask(now, worker)

    def _return(self, now: float, job: Job) -> None:
        self._delayed -= 1
        self._arrive(now, job)

    def _end(self, now: float, worker: _Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
            self._terminating -= worker.stopping
            self.outcome.process_seconds += now - worker.started_at

    def _control(self, now: float) -> None:
        staying = [worker for worker in self._workers if not worker.stopping]
        running = sum(worker.ready for worker in staying)
        view = View(now, self._measure(now), self._asked, running, self._terminating)
        wanted = self.controller.decide(view)
        self.outcome.changes += wanted != self._asked
        self._asked = wanted
        for _ in range(wanted - len(staying)):
            self._start(now)
        idle_first = sorted(staying, key=lambda worker: worker.busy)
        for worker in idle_first[: max(0, len(staying) - wanted)]:
            worker.stopping = True
            self._terminating += 1
            if not worker.busy:
                self._end(now, worker)
        if self._open or now < self.load.seconds:
            self._at(now + self.controller.every_seconds, self._control)

    def _measure(self, now: float) -> Measurement | Unknown:
        if self.load.blind and self.load.blind[0] <= now < self.load.blind[1]:
            return Unknown("blind")
        snapshot = Snapshot(
            waiting=len(self._waiting),
            delayed=self._delayed,
            reserved=self._reserved,
            window=[str(one.number) for one in itertools.islice(self._waiting, _WINDOW)],
        )
        return self._tracker.take(snapshot, now)
