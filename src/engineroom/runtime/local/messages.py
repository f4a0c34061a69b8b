"""What the keeper says, as typed values: whatever is not of its protocol is refused here, at the edge.

A field that is not known comes from a newer keeper, and is left out. A value that is not known could mean anything.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec

JsonObject = dict[str, Any]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Moment = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]
"""Seconds since 1970, up to the last year that a date can have."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Pid = Annotated[int, msgspec.Meta(gt=0)]
Message = TypeVar("Message")

RUN = "run"
"""The label of what is carried out once, with the run's id."""

UNKNOWN = "unknown"
"""The label of what the keeper found running and knows nothing of."""

_OF_A_SLOT = ("background_process", "replica", "index", "fingerprint")


class ProtocolError(Exception):
    """The keeper said what is no part of its protocol. `sequence` is the number of its event, when it has one."""

    def __init__(self, reason: str, sequence: int | None = None) -> None:
        super().__init__(reason)
        self.sequence = sequence


class RefusedError(ProtocolError):
    """The keeper says that what it was sent is no part of its protocol."""


class KeptState(StrEnum):
    """Where a process is in its life, in the keeper's words."""

    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing_off"
    DRAINING = "draining"
    STOPPED = "stopped"


class Happening(StrEnum):
    """What the keeper tells of a process, in its words."""

    STARTED = "started"
    START_FAILED = "start_failed"
    EXITED = "exited"
    EXITED_YOUNG = "exited_young"
    EXITED_LOOPING = "exited_looping"
    FINISHED = "finished"
    MATURED = "matured"
    DELAY_OVER = "delay_over"
    STOP_ASKED = "stop_asked"
    KILL_ASKED = "kill_asked"
    TIME_UP = "time_up"
    EMPTIED = "emptied"
    OUTPUT_DROPPED = "output_dropped"
    ADJUSTED = "adjusted"


class Item(msgspec.Struct, frozen=True):
    """Something that the keeper has to say of itself."""

    number: Count
    kind: str
    message: str
    at: Moment


class KeeperNews(msgspec.Struct, frozen=True):
    """The last items of one keeper, which `of` tells from another."""

    of: str
    items: Sequence[Item]


class Hello(msgspec.Struct, frozen=True):
    """Who the keeper is. An earlier one says less: what it does not say is None."""

    protocol: Count
    version: str
    pid: Pid
    epoch: str
    sequence: Count
    containers: str | None = None
    unlimited: Mapping[str, str] | None = None
    fingerprint: str | None = None
    python: str | None = None
    news: KeeperNews | None = None
    shortage: str | None = None


class KeptExit(msgspec.Struct, frozen=True):
    """How a life ended."""

    at: Moment
    lived_seconds: Seconds
    code: int | None = None
    signal: int | None = None
    error_number: int | None = None
    path: str | None = None
    asked: bool = False
    out_of_memory: bool = False
    expected: bool = False
    memory_bytes: Count | None = None
    memory_limit_bytes: Count | None = None


class KeptProcess(msgspec.Struct, frozen=True):
    """A process of the keeper's: of a slot of a background process, or of a run. Its labels tell which."""

    id: str
    labels: Mapping[str, str]
    state: KeptState
    pid: Pid | None
    restarts: Count
    young_deaths: Count
    crash_looping: bool
    started_at: Moment | None
    started_monotonic: float | None
    due_at: Moment | None
    last_exit: KeptExit | None
    quick_lives: Count = 0
    tight_loop: bool = False
    output_dropped_bytes: Count = 0
    stop_reason: str | None = None
    manner: JsonObject | None = None
    lacks_variables: bool = False
    asked: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Those who were asked to end besides the leader, the programs that a shell waited for: when each began, by its pid."""

    def __post_init__(self) -> None:
        """Refuse one whose labels do not tell whose it is."""
        if RUN in self.labels or self.is_unknown:
            return
        missing = [name for name in _OF_A_SLOT if name not in self.labels]
        if missing:
            raise ValueError(f"{self.id} has no label {', '.join(missing)}")
        if not all(self.labels[name].isdecimal() for name in ("replica", "index")):
            raise ValueError(f"replica and index of {self.id} are no numbers")

    @property
    def run(self) -> str | None:
        """The run that it carries out; None when it is of a background process."""
        return self.labels.get(RUN)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody can tell whose it is: the keeper found it running, and knows nothing of it."""
        return UNKNOWN in self.labels and _OF_A_SLOT[0] not in self.labels

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it."""
        return self.state is KeptState.STOPPED


class Happened(msgspec.Struct, frozen=True):
    """An event, with the process as it was then."""

    sequence: Count
    event: Happening
    at: Moment
    process: KeptProcess


class OutputTold(msgspec.Struct, frozen=True):
    """Up to where streams can be read now, by the names of their files; None: they are gone."""

    output: Mapping[str, Count | None]


class KeeperAnswer(msgspec.Struct, frozen=True):
    """The answer to the request of this number: what it results in, or why it is refused."""

    id: int
    result: JsonObject | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        """Refuse one that says neither, or both."""
        if (self.result is None) is (self.error is None):
            raise ValueError("an answer has either a result or an error")


class HungUp(msgspec.Struct, frozen=True):
    """The last thing that a keeper says to who sent what is no request, and what was wrong with it."""

    refused: str


class Known(msgspec.Struct, frozen=True):
    """All that a keeper has, as it tells one who begins to watch. Each process is looked at for itself."""

    epoch: str
    sequence: Count
    processes: Sequence[JsonObject]


class Counted(msgspec.Struct, frozen=True):
    """What processes and groups use: CPU seconds, bytes of memory, processes; None is not counted."""

    processes: Mapping[str, tuple[float | None, int | None, int | None]]
    groups: Mapping[str, tuple[float | None, int | None, int | None]]


def parse(line: JsonObject) -> KeeperAnswer | Happened | HungUp | OutputTold:
    """Return what a line of the keeper's says. Raises ProtocolError."""
    if "id" in line:
        return convert(line, KeeperAnswer)
    if "refused" in line:
        return convert(line, HungUp)
    if "output" in line:
        return convert(line, OutputTold)
    try:
        return convert({**line, "process": _labelled(line.get("process"))}, Happened)
    except ProtocolError as error:
        raise ProtocolError(str(error), _sequence(line)) from None


def convert(data: object, what: type[Message]) -> Message:
    """Return the message in plain data. Raises ProtocolError with what is wrong with it."""
    try:
        return msgspec.convert(data, what)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"{what.__name__}: {error}") from None


def understood(known: Known) -> tuple[list[KeptProcess], list[str]]:
    """Return those processes that make sense, and what is wrong with each of the others."""
    processes, faults = [], []
    for data in known.processes:
        try:
            processes.append(convert(_labelled(data), KeptProcess))
        except ProtocolError as error:
            faults.append(str(error))
    return processes, faults


def _labelled(data: object) -> object:
    """Return a process with the labels of its slot; where they are lost, its id tells them (see `translation.owner`)."""
    if not isinstance(data, dict) or UNKNOWN not in (data.get("labels") or ()):
        return data
    parts = str(data.get("id")).split(".")
    if len(parts) != len(_OF_A_SLOT) or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return data
    return {**data, "labels": {**dict(zip(_OF_A_SLOT, [*parts[:3], ""], strict=True)), **data["labels"]}}


def _sequence(line: JsonObject) -> int | None:
    sequence = line.get("sequence")
    return sequence if isinstance(sequence, int) and sequence >= 0 else None
