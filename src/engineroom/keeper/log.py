"""The keeper's own log: one JSON object a line on standard error, which its launcher sends to a file."""

import json
import sys
import time

_PAUSE_SECONDS = 60.0


def write(level: str, action: str, message: str, **facts: object) -> None:
    """Write one line. A log that cannot be written (full disk) is no reason to stop."""
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
