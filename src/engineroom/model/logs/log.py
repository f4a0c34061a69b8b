"""The log of processes: what one entry is, and the kinds that the contract tells apart (contract sheet, section 4.7)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from engineroom.model.ids import BackgroundProcessId


class LogLevel(StrEnum):
    """How serious an entry is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogType(StrEnum):
    """What an entry tells of. `system` ones are plain output that no logger wrote, and engineroom's own."""

    APPLICATION = "application"
    ACCESS = "access"
    EXCEPTION = "exception"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class LogCode:
    """What was found out about an entry when it was stored."""

    level: LogLevel
    type: LogType = LogType.APPLICATION
    cut: bool = False
    """Whether it was longer than what is kept of one."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry: a line, or the lines of one trace. `text` is what the process wrote, whatever bytes that were.

    `number` counts the entries of a background process from 1, in the order in which each process wrote them; 0 is that of
    a line without an end, which is shown as far as it goes, and comes again when it is whole.
    `order` never falls with `number`, whatever the clock did; `at_nanoseconds` since 1970, UTC, is what the clock said.
    """

    number: int
    order: int
    at_nanoseconds: int
    background_process: BackgroundProcessId
    process: str
    replica: int
    index: int
    pid: int
    stream: str
    code: LogCode
    text: bytes

    @property
    def at(self) -> datetime:
        """The moment at which the entry had been written."""
        return datetime.fromtimestamp(self.at_nanoseconds / 1e9, UTC)

    @property
    def message(self) -> str:
        """The text, with a mark where bytes are no UTF-8; of a line that was drawn anew, what was drawn last."""
        text = self.text
        if b"\r" in text:
            text = b"\n".join(line.rstrip(b"\r").rpartition(b"\r")[2] for line in text.split(b"\n"))
        return text.decode("utf-8", "replace")

    @property
    def is_unfinished(self) -> bool:
        """Whether it is the beginning of a line that has no end yet."""
        return not self.number
