"""The keeper's own log: one JSON object a line on standard error, which its launcher sends to a file."""

import json
import re
import sys
import time
from dataclasses import dataclass

_PAUSE_SECONDS = 60.0


_MAX_PAUSE_SECONDS = 3600.0
_MAX_KINDS = 500
_CHANGING = re.compile(r"[0-9a-f-]{8,}|[0-9]+")


@dataclass
class _Seen:
    """When a fault of a kind may be written again, and how many were left out since it was."""

    again_at: float
    pause_seconds: float = _PAUSE_SECONDS
    left_out: int = 0


class Faults:
    """Lets the first fault of a kind through, and then one after each pause, which doubles while it goes on."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}

    def left_out(self, action: str, reason: str, now: float) -> int | None:
        """Return how many were left out before this one, which is to be written; None when it is left out too."""
        kind = action, _CHANGING.sub("#", reason)
        seen = self._seen.get(kind)
        if seen is not None and now < seen.again_at:
            seen.left_out += 1
            return None
        if len(self._seen) >= _MAX_KINDS:
            self._seen.clear()
        left_out = seen.left_out if seen else 0
        pause = min(2 * seen.pause_seconds, _MAX_PAUSE_SECONDS) if seen and left_out else _PAUSE_SECONDS
        self._seen[kind] = _Seen(now + pause, pause)
        return left_out


_faults = Faults()


def write(level: str, action: str, message: str, **facts: object) -> None:
    """Write one line. A log that cannot be written (full disk) is no reason to stop.

    A fault that happens again and again is written once and then counted: it must not fill the disk.
    """
    if level != "info" and "left_out" not in facts:
        left_out = _faults.left_out(action, f"{message} {facts}", time.monotonic())
        if left_out is None:
            return
        if left_out:
            facts["left_out"] = left_out
    entry = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "level": level,
        "action": action,
        "message": message,
        **facts,
    }
    try:
        sys.stderr.write(json.dumps(entry) + "\n")
        sys.stderr.flush()
    except OSError:
        return


class Seldom:
    """A warning that is written at most once a minute, with how often it would have been: others choose how often."""

    def __init__(self, action: str, message: str) -> None:
        self._action = action
        self._message = message
        self._again_at = 0.0
        self._left_out = 0

    def write(self, reason: str) -> None:
        """Write the line, unless that was done lately."""
        now = time.monotonic()
        if now < self._again_at:
            self._left_out += 1
            return
        write("warning", self._action, self._message, reason=reason, left_out=self._left_out)
        self._again_at, self._left_out = now + _PAUSE_SECONDS, 0
