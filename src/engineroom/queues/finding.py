"""Finding where an application's queues are, in a process that has the rights of the folder's user."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engineroom.queues.base import UnmeasurableError
from engineroom.queues.discovery import Place, Worker, place
from engineroom.queues.isolated.wire import Wired, unwired, wired
from engineroom.sandbox import Limits, Question


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A worker, see `engineroom.queues.discovery.Worker`."""

    folder: str
    variables: Mapping[str, str]
    connection: str | None
    queues: str | None
    laravels: bool = True
    environment: str | None = None

    def worker(self) -> Worker:
        """Return it as a value."""
        return Worker(**{**msgspec.structs.asdict(self), "folder": Path(self.folder)})


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where it takes its jobs from, or why that cannot be told."""

    connection: Wired | None = None
    queues: tuple[str, ...] = ()
    why: str = ""

    def place(self) -> Place:
        """Return it as a value. Raises UnmeasurableError."""
        if self.connection is None:
            raise UnmeasurableError(self.why)
        try:
            return Place(connection=unwired(self.connection), queues=self.queues)
        except (KeyError, msgspec.DecodeError) as error:
            raise UnmeasurableError(f"its address makes no sense ({error})") from None


def _find(sought: Sought) -> Found:
    try:
        found = place(sought.worker())
    except (UnmeasurableError, OSError, ValueError) as error:
        return Found(why=str(error))
    return Found(connection=wired(found.connection), queues=found.queues)


FIND = Question(
    name="engineroom.queues.finding:FIND",
    asks=Sought,
    answers=Found,
    answer=_find,
    limits=Limits(seconds=5.0, cpu_seconds=2),
)
