"""Finding where an application's queues are, in a process that has the rights of the folder's user."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engineroom.queues.base import UnmeasurableError
from engineroom.queues.discovery import QueueLocation, Worker, can_be_asked, locate
from engineroom.queues.isolated.wire import Wired, unwired, wired
from engineroom.queues.laravel import asking
from engineroom.queues.laravel.fingerprint import fingerprint
from engineroom.queues.laravel.settings import LaravelSettings
from engineroom.sandbox import Question, TaskLimits


class Told(msgspec.Struct, frozen=True):
    """What an application said of itself when its files were as this fingerprint says."""

    fingerprint: str
    answer: str


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A worker, see `engineroom.queues.discovery.Worker`, and what its application said of itself.

    With `just_now` that holds whatever the fingerprint: an application may write files while it is asked.
    """

    folder: str
    variables: Mapping[str, str]
    connection: str | None
    queues: str | None
    laravels: bool = True
    environment: str | None = None
    told: Told | None = None
    just_now: bool = False

    def worker(self) -> Worker:
        """Return it as a value."""
        return Worker(
            folder=Path(self.folder),
            variables=self.variables,
            connection=self.connection,
            queues=self.queues,
            laravels=self.laravels,
            environment=self.environment,
        )


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where it takes its jobs from, or why that cannot be told.

    With `ask` its application is to be asked, which has this `fingerprint`; `unasked` is why that could not be done, so that
    its files alone told.
    """

    connection: Wired | None = None
    queues: tuple[str, ...] = ()
    why: str = ""
    ask: bool = False
    fingerprint: str = ""
    unasked: str = ""

    def location(self) -> QueueLocation:
        """Return it as a value. Raises UnmeasurableError."""
        if self.connection is None:
            unasked = f"; the application itself could not be asked: {self.unasked}" if self.unasked else ""
            raise UnmeasurableError(self.why + unasked)
        try:
            return QueueLocation(connection=unwired(self.connection), queues=self.queues)
        except (KeyError, msgspec.DecodeError) as error:
            raise UnmeasurableError(f"its address makes no sense ({error})") from None


def _find(sought: Sought) -> Found:
    worker = sought.worker()
    if not can_be_asked(worker):
        return _found(worker, None)
    present = fingerprint(worker.folder, worker.variables, worker.environment)
    told = sought.told
    if told is None or not (sought.just_now or told.fingerprint == present):
        return Found(ask=True, fingerprint=present)
    try:
        settings = asking.settings(told.answer, worker.folder)
    except asking.NotAskedError as error:
        return msgspec.structs.replace(_found(worker, None), unasked=str(error))
    return _found(worker, settings)


def _found(worker: Worker, settings: LaravelSettings | None) -> Found:
    try:
        found = locate(worker, settings)
    except (UnmeasurableError, OSError, ValueError) as error:
        return Found(why=str(error))
    return Found(connection=wired(found.connection), queues=found.queues)


FIND = Question(
    name="engineroom.queues.finding:FIND",
    asks=Sought,
    answers=Found,
    answer=_find,
    limits=TaskLimits(seconds=5.0, cpu_seconds=2),
)
