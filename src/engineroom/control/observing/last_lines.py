"""What a background process has printed last, as people are told of it."""

import re
from collections.abc import Sequence

from engineroom.model.ids import BackgroundProcessId
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.query import LogQuery
from engineroom.telemetry.logs.blocks.reading import Window
from engineroom.telemetry.logs.entries.details import shown

_MAX_LINE_LENGTH = 500
_ANSI = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


async def last_lines(logs: LogStore, background_process: BackgroundProcessId, most: int) -> Sequence[str]:
    """Return so many of its last lines at most, the oldest first; long ones are cut, and what is no text is left out."""
    found = await logs.find([background_process], LogQuery(), Window(limit=most, newest_first=True))
    lines = [line for entry in reversed(found.entries) for line in shown(entry).message.split("\n")]
    return [_CONTROL.sub("", _ANSI.sub("", line[:_MAX_LINE_LENGTH])) for line in lines[-most:]]
