"""What the next server has to know of alerts, in a small file: written also while the database cannot be."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from engineroom.telemetry.alerts.delivery import Notice
from engineroom.telemetry.alerts.rules import Alert

_log = structlog.get_logger()


class Remembered(msgspec.Struct):
    """What fires, what people are not to be notified of yet, and what waits for each channel."""

    firing: Sequence[Alert] = ()
    held: Sequence[Notice] = ()
    waiting: Mapping[str, Sequence[Notice]] = {}


class AlertMemory:
    """Read and write the file. `is_unwritten` while it could not be written: try again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.is_unwritten = False

    def read(self) -> Remembered:
        """Return what the server before has written; nothing where that cannot be read."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return Remembered()
        except (OSError, msgspec.DecodeError) as error:
            _log.warning(
                "Cannot read which alerts fired before.", action="alerts.unreadable", reason=str(error)
            )
            return Remembered()

    def write(self, memory: Remembered) -> None:
        """Replace the file in one piece."""
        new = self._file.with_suffix(".new")
        try:
            new.write_bytes(msgspec.json.encode(memory))
            new.replace(self._file)
            self.is_unwritten = False
        except OSError as error:
            if self.is_unwritten:
                return  # it was logged, and is tried again at each evaluation
            self.is_unwritten = True
            _log.warning(
                "Cannot write down which alerts fire.", action="alerts.unwritable", reason=str(error)
            )
